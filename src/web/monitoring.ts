import { Router, type Request, type Response } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { SELF } from '../access/principal.js';
import type { Cluster } from '../cluster/cluster.js';
import { DRIFT_KINDS } from '../cluster/model/drift-kinds.js';
import { send } from './requests/send.js';
import type { ClusterStatus } from '../cluster/model/results.js';
import type { PushTotals, MemberStatus } from '../cluster/model/member-status.js';

const PREFIX = 'dns_cluster_';

/** What is measured of each member; `undefined` where there is nothing to say now. */
const OF_MEMBERS: readonly { name: string; help: string; value: (member: MemberStatus) => number | undefined }[] = [
  {
    name: 'member_online',
    help: '1 if the member is online, 0 if it fails or is disabled',
    value: ({ state }) => Number(state === 'online'),
  },
  {
    name: 'member_disabled',
    help: '1 where the member is disabled',
    value: ({ state }) => Number(state === 'disabled'),
  },
  { name: 'member_zones', help: 'Zones that the member should hold', value: ({ zones }) => zones },
  {
    name: 'member_zones_in_sync',
    help: 'Zones that the member has acknowledged',
    value: ({ zonesInSync }) => zonesInSync,
  },
  { name: 'member_pending', help: 'Zones that wait to be sent to the member', value: ({ pending }) => pending },
  {
    name: 'member_oldest_pending_seconds',
    help: 'Age of the oldest change that waits for the member',
    value: ({ pendingSince }) => (pendingSince === undefined ? 0 : (Date.now() - Date.parse(pendingSince)) / 1_000),
  },
  { name: 'member_failures', help: 'Failed commands in a row', value: ({ failures }) => failures },
  {
    name: 'member_nameserver_answers',
    help: '1 where its nameserver answered the last health check over UDP and TCP',
    value: ({ silentNameserver }) => Number(silentNameserver === undefined),
  },
  {
    name: 'member_removals_held',
    help: 'Removals that wait until a person allows them',
    value: ({ removalsHeld }) => removalsHeld?.count ?? 0,
  },
  {
    name: 'member_answer_seconds',
    help: 'How long the last answer to a health check took',
    value: ({ latency }) => {
      const last = latency?.at(-1);
      return typeof last === 'number' ? last / 1_000 : undefined;
    },
  },
];

/** What is counted of each member since this server started. */
const COUNTED: readonly { name: string; help: string; of: keyof PushTotals }[] = [
  { name: 'member_pushes_total', help: 'Calls that carried zones to the member', of: 'calls' },
  { name: 'member_push_failures_total', help: 'Those of them that failed as a whole', of: 'failures' },
  { name: 'member_pushed_zones_total', help: 'Zones in those that came through', of: 'zones' },
  { name: 'member_push_seconds_total', help: 'How long they took, together', of: 'seconds' },
];

/** What is measured of this server. */
const OF_SERVER: readonly { name: string; help: string; value: (status: ClusterStatus) => number | undefined }[] = [
  { name: 'zones', help: 'Zones on this server', value: ({ zones }) => zones },
  { name: 'clustering', help: '1 where DNS clustering is enabled', value: ({ clustering }) => Number(clustering) },
  { name: 'damaged_zone_files', help: 'Zone files that need a person', value: ({ damaged }) => damaged.length },
  {
    name: 'nameserver_running',
    help: '1 where the nameserver runs',
    value: ({ nameserver }) => Number(nameserver.running),
  },
  { name: 'nameserver_memory_bytes', help: 'Memory of the nameserver', value: ({ nameserver }) => nameserver.memory },
];

type Metrics = ReturnType<typeof newMetrics>;

function newMetrics() {
  // A registry of its own: two plugins live in one process, and the host may have one.
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, labelNames: readonly string[]): Gauge =>
    new Gauge({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [registry] });
  const ofServer = OF_SERVER.map((metric) => ({ ...metric, gauge: gauge(metric.name, metric.help, []) }));
  const ofMembers = OF_MEMBERS.map((metric) => ({ ...metric, gauge: gauge(metric.name, metric.help, ['member']) }));
  const counted = COUNTED.map(({ name, help, of }) => {
    return { of, counter: new Counter({ name: PREFIX + name, help, labelNames: ['member'], registers: [registry] }) };
  });
  const drift = gauge('member_drift', 'Zones at the member that the last drift check found wrong', ['member', 'kind']);
  const conflicts = gauge('conflicts', 'Zones that two servers write', []);
  return { registry, ofServer, ofMembers, counted, drift, conflicts };
}

/** `/metrics` for Prometheus, as text. Only behind authenticateToken, and for those who may use the cluster. */
export function metricsRoutes(cluster: Cluster): Router {
  let metrics: Metrics | undefined;
  const router = Router();
  router.get('/', async (request: Request, response: Response) => {
    const status = await cluster.status(SELF);
    // Not before somebody asks: the process's own figures are gathered from then on.
    metrics ??= newMetrics();
    const { registry, ofServer, ofMembers, counted, drift, conflicts } = metrics;
    conflicts.set(cluster.zones.conflicts(SELF).length);
    for (const { gauge: shown, value } of ofServer) shown.set(value(status) ?? 0);
    for (const { gauge: shown, value } of ofMembers) {
      // Members that are gone have no figures.
      shown.reset();
      for (const member of status.members) {
        const measured = value(member);
        if (measured !== undefined) shown.set({ member: member.hostname }, measured);
      }
    }
    for (const { counter, of } of counted) {
      counter.reset();
      for (const { hostname: member, pushes } of status.members) counter.inc({ member }, pushes?.[of] ?? 0);
    }
    drift.reset();
    for (const { hostname: member, differences } of cluster.drift.reports(SELF)) {
      for (const kind of Object.keys(DRIFT_KINDS)) drift.set({ member, kind }, 0);
      for (const { kind, repaired } of differences) if (repaired === undefined) drift.inc({ member, kind });
    }
    response.type(registry.contentType);
    send(request, response, await registry.metrics());
  });
  return router;
}

/**
 * For load balancers and supervisors. `/healthz`: the process answers. `/readyz`: it can do its work, or why not. They
 * need no token, so they say nothing else.
 */
export function healthRoutes(cluster: Cluster): Router {
  const router = Router();
  // Asking the nameserver costs something, and anybody may ask us: who asks meanwhile gets the same answer.
  let checking: Promise<ClusterStatus> | undefined;
  router.get('/healthz', (request: Request, response: Response) => {
    response.type('text/plain');
    send(request, response, 'ok\n');
  });
  router.get('/readyz', async (request: Request, response: Response) => {
    checking ??= cluster.status(SELF).finally(() => (checking = undefined));
    const { nameserver } = await checking;
    response.status(nameserver.running ? 200 : 503).type('text/plain');
    send(request, response, nameserver.running ? 'ready\n' : 'the nameserver does not run\n');
  });
  return router;
}
