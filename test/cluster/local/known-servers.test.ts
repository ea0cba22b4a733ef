import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { presentHome, withServer, type KnownServer } from '../../../src/cluster/local/known-servers.js';
import { judgeClaim } from '../../../src/cluster/local/zone-home.js';

const NAMES = ['a', 'b', 'c', 'd'];

/** Servers that get other names, one after the other, as each of them tells it; no two have a name at the same time. */
const walks = fc.array(fc.record({ server: fc.nat(2), name: fc.constantFrom(...NAMES) }), { maxLength: 30 });

interface Walked {
  servers: readonly KnownServer[];
  /** Their present names, by number. */
  names: string[];
}

function walked(walk: readonly { server: number; name: string }[]): Walked {
  const names = ['a', 'b', 'c'];
  let servers: readonly KnownServer[] = [];
  const tell = (server: number): void => {
    servers = withServer(servers, { id: `id${server}`, name: names[server] ?? '', was: [] });
  };
  names.forEach((_, server) => tell(server));
  for (const { server, name } of walk) {
    if (names.includes(name)) continue;
    names[server] = name;
    tell(server);
  }
  return { servers, names };
}

describe('a server that gets other names', () => {
  test('is known by its id under its present name, and a home that is known stays as it is', () => {
    fc.assert(
      fc.property(walks, fc.nat(2), fc.constantFrom(...NAMES), (walk, server, label) => {
        const { servers, names } = walked(walk);
        const home = presentHome({ server: label, id: `id${server}`, epoch: 3, given: 7 }, servers);
        expect(home).toEqual({ server: names[server], id: `id${server}`, epoch: 3, given: 7 });
        expect(presentHome(home, servers)).toBe(home);
      }),
    );
  });

  test('has its own zones under whatever name it sends them, and no other server has', () => {
    fc.assert(
      fc.property(walks, walks, fc.nat(2), fc.nat(2), (before, after, maker, sender) => {
        const first = walked(before);
        const last = walked([...before, ...after]);
        const made = { server: first.names[maker] ?? '', id: `id${maker}`, epoch: 0 };
        const sent = { server: last.names[sender] ?? '', id: `id${sender}`, epoch: 0 };
        const verdict = judgeClaim(presentHome(made, last.servers), presentHome(sent, last.servers));
        expect(verdict).toBe(maker === sender ? 'agrees' : 'conflict');
      }),
    );
  });

  test('has the zones that it made before it had an id, until another server has that name', () => {
    fc.assert(
      fc.property(walks, (walk) => {
        const { servers, names } = walked(walk);
        for (const name of NAMES) {
          const now = names.indexOf(name);
          const had = servers.filter((one) => one.names.includes(name));
          const expected = now >= 0 ? `id${now}` : had.length === 1 ? had[0]?.id : undefined;
          expect(presentHome({ server: name, epoch: 0 }, servers).id).toBe(expected);
        }
      }),
    );
  });
});

test('a server that was set up anew under its name has the zones of the one before', () => {
  const before = withServer([], { id: 'old', name: 'a', was: [] });
  const servers = withServer(before, { id: 'new', name: 'a', was: [] });
  expect(presentHome({ server: 'a', id: 'old', epoch: 2 }, servers)).toEqual({ server: 'a', id: 'new', epoch: 2 });
  expect(servers).toHaveLength(1);
});

test('a server tells by which names it was known, to those who were not there', () => {
  const servers = withServer([], { id: 'x', name: 'c', was: ['b', 'a'] });
  expect(presentHome({ server: 'a', epoch: 0 }, servers)).toEqual({ server: 'c', id: 'x', epoch: 0 });
  expect(withServer(servers, { id: 'x', name: 'c', was: ['b', 'a'] })).toBe(servers);
});
