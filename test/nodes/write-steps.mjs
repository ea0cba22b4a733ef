// Loaded before a process's own code (--import): counts its steps to the disk inside one folder, and ends the process
// at one of them.
//
// STEPS_IN: the folder. STEPS_KILL: at which step, from 1 on; 0 for none. STEPS_HOW: `before` the step is done, when
// `half` of what it writes is written, or `power`: before it, with all gone that no fsync had made safe.
import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, resolve } from 'node:path';
import process from 'node:process';

const folder = process.env['STEPS_IN'] ?? '';
const killAt = Number(process.env['STEPS_KILL'] ?? 0);
const how = process.env['STEPS_HOW'] ?? 'before';
/** Beside the folder: where names lead that were replaced or removed and would be back after a power cut. */
const side = `${folder}.names`;
const real = { ...fs, promises: { ...fs.promises } };

/** What each step is, as far as there were any. */
const steps = [];
process.on('exit', () => real.writeSync(1, `${JSON.stringify({ steps })}\n`));

const isInside = (path) => typeof path === 'string' && resolve(path).startsWith(`${folder}/`);

/** Inode → where its content begins to be unsafe, and by what name it is reached. */
const unsafe = new Map();
/** What takes the changes of names back that no fsync of their folder made safe, oldest first. */
let names = [];

function written(path, from) {
  const found = real.statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const known = unsafe.get(found.ino);
  if (known === undefined) unsafe.set(found.ino, { from: from ?? found.size, path });
  else if (from !== undefined) known.from = Math.min(known.from, from);
}

/** An fsync makes a file's content safe, or the names in a folder. */
function synced(path, found) {
  if (found.isDirectory()) names = names.filter((change) => change.folder !== path);
  else unsafe.delete(found.ino);
}

function named(path, undo) {
  names.push({ folder: dirname(resolve(path)), undo });
}

function moved(ino, to) {
  const known = unsafe.get(ino);
  if (known !== undefined) known.path = to;
}

function isNoFile(path) {
  const found = real.lstatSync(path, { throwIfNoEntry: false });
  return found === undefined || found.isDirectory();
}

/** A second name for what is about to lose its own. */
function kept(path) {
  if (isNoFile(path)) return undefined;
  real.mkdirSync(side, { recursive: true });
  const name = `${side}/${steps.length}-${Math.random()}`;
  real.linkSync(path, name);
  // By its old name another file is reached from now on.
  moved(real.lstatSync(name).ino, name);
  return name;
}

function losePower() {
  for (const { from, path } of unsafe.values()) {
    if (real.existsSync(path)) real.truncateSync(path, from);
  }
  for (const { undo } of names.reverse()) undo();
}

/** One step: where it is the last, `half` does the first part of it. */
function step(kind, half) {
  if (steps.push(kind) !== killAt) return;
  if (how === 'half') half?.();
  try {
    if (how === 'power') losePower();
  } catch (error) {
    real.writeSync(2, `this cannot lose its power: ${error.stack}\n`);
    process.exit(3);
  }
  process.kill(process.pid, 'SIGKILL');
  for (;;);
}

function halfOf(data) {
  const octets = Buffer.from(data);
  return octets.subarray(0, octets.length >> 1);
}

/** What each function that changes names does first; its promise twin does the same. */
const BEFORE = {
  rename(from, to) {
    step('rename');
    const { ino } = real.lstatSync(from);
    const replaced = kept(to);
    return () => {
      moved(ino, to);
      named(to, () => {
        real.renameSync(to, from);
        if (replaced !== undefined) real.linkSync(replaced, to);
      });
    };
  },
  link(_, to) {
    step('link');
    return () => named(to, () => real.rmSync(to, { force: true }));
  },
  rm(path) {
    if (isNoFile(path)) return () => undefined;
    step('remove');
    const was = kept(path);
    return () => named(path, () => isNoFile(path) && real.linkSync(was, path));
  },
  truncate(path, length) {
    step('truncate');
    written(path, length);
    return () => undefined;
  },
  appendFile(path, data) {
    const isNew = !real.existsSync(path);
    step('write', () => real.appendFileSync(path, halfOf(data)));
    const from = isNew ? 0 : real.statSync(path).size;
    return () => {
      if (isNew) named(path, () => real.rmSync(path, { force: true }));
      written(path, from);
    };
  },
  writeFile(path, data) {
    const isNew = !real.existsSync(path);
    step('write', () => real.writeFileSync(path, halfOf(data)));
    return () => {
      if (isNew) named(path, () => real.rmSync(path, { force: true }));
      written(path, 0);
    };
  },
};
BEFORE.unlink = BEFORE.rm;
BEFORE.symlink = BEFORE.link;

for (const [name, before] of Object.entries(BEFORE)) {
  // The path that counts: these have it second.
  const place = ['link', 'rename', 'symlink'].includes(name) ? 1 : 0;
  const sync = real[`${name}Sync`];
  fs[`${name}Sync`] = (...args) => {
    if (!isInside(args[place])) return sync(...args);
    const after = before(...args);
    const result = sync(...args);
    after();
    return result;
  };
  const promised = real.promises[name];
  fs.promises[name] = async (...args) => {
    if (!isInside(args[place])) return promised(...args);
    const after = before(...args);
    const result = await promised(...args);
    after();
    return result;
  };
}

const isToWrite = (flags) => typeof flags === 'string' && /[wa+]/.test(flags);

function opened(path, flags) {
  const isNew = !real.existsSync(path);
  if (isNew) step('create');
  return () => {
    if (isNew) named(path, () => real.rmSync(path, { force: true }));
    if (flags.startsWith('w')) written(path, 0);
  };
}

/** Descriptors and handles of files inside. */
const paths = new Map();

fs.openSync = (path, flags, ...rest) => {
  const after = isInside(path) && isToWrite(flags) ? opened(path, flags) : undefined;
  const fd = real.openSync(path, flags, ...rest);
  after?.();
  if (after !== undefined) paths.set(fd, path);
  return fd;
};
fs.closeSync = (fd) => {
  paths.delete(fd);
  return real.closeSync(fd);
};
fs.writeSync = (fd, data, ...rest) => {
  const path = paths.get(fd);
  if (path !== undefined) {
    step('write', () => real.writeSync(fd, halfOf(data)));
    written(path);
  }
  return real.writeSync(fd, data, ...rest);
};

const probe = await fs.promises.open(process.execPath, 'r');
const handles = Object.getPrototypeOf(probe);
await probe.close();
const handlePaths = new WeakMap();

fs.promises.open = async (path, flags, ...rest) => {
  const inside = isInside(path) || resolve(String(path)) === folder;
  const after = inside && isToWrite(flags) ? opened(path, flags) : undefined;
  const handle = await real.promises.open(path, flags, ...rest);
  after?.();
  if (inside) handlePaths.set(handle, resolve(path));
  return handle;
};
for (const name of ['appendFile', 'writeFile', 'truncate']) {
  const method = handles[name];
  handles[name] = async function (...args) {
    const path = handlePaths.get(this);
    if (path === undefined) return method.apply(this, args);
    if (name === 'truncate') step('truncate');
    else step('write', () => real.writeSync(this.fd, halfOf(args[0])));
    const { ino, size } = real.fstatSync(this.fd);
    if (!unsafe.has(ino)) unsafe.set(ino, { from: name === 'truncate' ? args[0] : size, path });
    return method.apply(this, args);
  };
}
for (const name of ['sync', 'datasync']) {
  const method = handles[name];
  handles[name] = async function () {
    const path = handlePaths.get(this);
    if (path !== undefined) step('sync');
    await method.apply(this);
    if (path !== undefined) synced(path, real.fstatSync(this.fd));
  };
}
syncBuiltinESMExports();
