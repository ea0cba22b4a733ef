const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * For a host that tells its plugins nothing of its end: a signal that ends the process stops `plugin` first, and then
 * does what it would have done without us. Call it when the host has set up its own handling of signals. A second
 * signal doesn't wait.
 */
export function stopFirst(plugin: { stop(): Promise<void> }): void {
  for (const signal of SIGNALS) {
    const handlers = process.rawListeners(signal) as NodeJS.SignalsListener[];
    process.removeAllListeners(signal);
    process.once(signal, () => {
      for (const handler of handlers) process.on(signal, handler);
      void plugin.stop().finally(() => process.kill(process.pid, signal));
    });
  }
}
