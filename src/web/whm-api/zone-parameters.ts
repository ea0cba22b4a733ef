import { z } from 'zod';
import type { Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import { zoneName, type ZoneName } from '../../zones/zone-name.js';
import type { ApiRequest } from '../requests/api-request.js';
import { text, whole } from './api-function.js';
import type { ChangeOptions } from '../../cluster/model/results.js';

/** A zone's name, checked. */
export const zone = text.transform((name) => zoneName(name)).meta({ type: 'string', description: 'A domain name.' });

/** A zone by either name that callers have for the parameter. */
export const zoneOrDomain = { zone: zone.optional(), domain: zone.optional() };

/**
 * `wait`: answer when members serve the change, or when this server does (`local`, or `none`: for no member). That its
 * own nameserver takes the change is always waited for, so that a refusal is told. `timeout` in seconds.
 */
export const waiting = {
  wait: text.pipe(z.enum(['none', 'local', 'served'], { error: 'must be none, local or served' })).optional(),
  timeout: whole.optional(),
};

export function optionsOf({
  wait,
  timeout,
}: {
  wait?: 'none' | 'local' | 'served' | undefined;
  timeout?: number | undefined;
}): ChangeOptions {
  return {
    ...(wait === undefined ? {} : { wait: wait === 'none' ? ('local' as const) : wait }),
    ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
  };
}

/** The zone that is meant. Throws parameter_invalid where neither name was sent. */
export function zoneOf({ zone, domain }: { zone?: ZoneName | undefined; domain?: ZoneName | undefined }): ZoneName {
  const name = zone ?? domain;
  if (name === undefined) throw new ClusterError('parameter_invalid', { parameter: 'zone', why: 'is missing' });
  return name;
}

/**
 * Who a zone is to belong to, by the parameter that names the account. Only root makes zones for others. Throws
 * parameter_invalid, and user_unknown where the host has no such user.
 */
export function ownerBy({ cluster, peer }: ApiRequest, parameter: string, user = peer.user): Principal {
  if (user === peer.user) return peer;
  if (peer.kind !== 'root')
    throw new ClusterError('parameter_invalid', { parameter, why: 'names another account than yours' });
  return { ...peer, user, account: cluster.accounts.named(user), kind: 'reseller' };
}
