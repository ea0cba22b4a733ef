/**
 * What nameservers write by themselves, whoever installed them, and what the password tools wrote anew with the same
 * content.
 */
const OF_OTHERS = [
  /^\/var\/cache\/bind\/managed-keys/,
  /^\/var\/lib\/nsd\/(nsd\.db|xfrd\.state)$/,
  /^\/var\/lib\/knot\/timers\//,
  /^\/etc\//,
  // apt, when it is asked for a package.
  /^\/var\/(cache|lib)\/apt\//,
  /^\/var\/lib\/dpkg\/lock/,
];

/**
 * Of the files that were written on a machine, those that an uninstallation had to remove. What lies in /etc is
 * compared as a whole.
 */
export function leftBehind(written: readonly string[]): string[] {
  return written.filter((file) => !OF_OTHERS.some((pattern) => pattern.test(file)));
}
