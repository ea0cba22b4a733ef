import type { ErrorKind } from './error-kind.js';

/** Of requests, of who sends them, of pages, and of this server itself. */
export const REQUEST_ERRORS = {
  token_invalid: {
    status: 422,
    sentence: ({ name, why }: { name: string; why: string }) => `The token "${name}" was not saved: ${why}.`,
  },
  token_too_wide: {
    status: 403,
    sentence: ({ name, how }: { name: string; how: string }) =>
      `The token "${name}" was not made or changed: it would work ${how} than the token that you called with. Ask for less, or use the page of tokens.`,
  },
  token_is_caller: {
    status: 403,
    sentence: ({ name }: { name: string }) =>
      `The token "${name}" was not changed: no token changes itself. Use another token, or the page of tokens.`,
  },
  token_has_limits: {
    status: 403,
    sentence: ({ user }: { user: string }) =>
      `The user ${user} was not added or changed: your token ends or is bound to addresses, and a login would not. Use a token without limits, or dnscluster users on this server.`,
  },
  access_keys_off: {
    status: 409,
    sentence: () =>
      'Remote access keys are off on this server, so none was made. Use an API token, or ask root to allow keys (setaccesskeys).',
  },
  token_unknown: {
    status: 404,
    sentence: ({ user, name }: { user: string; name: string }) =>
      `${user} has no token "${name}". Check the list of tokens.`,
  },
  api_cannot_listen: {
    status: 500,
    sentence: ({ address, why }: { address: string; why: string }) =>
      `The API cannot listen on ${address} (${why}). ` +
      'Stop what uses that port, choose another address or port, or give a certificate and key that belong together.',
  },
  busy: {
    status: 503,
    sentence: () => 'This server has too many changes in progress and accepted no more. Try again in a minute.',
  },
  stopping: {
    status: 503,
    sentence: () => 'This server is stopping and accepted no more changes. Try again when it is running.',
  },
  call_unknown: {
    status: 404,
    sentence: ({ call }: { call: string }) => `This server has no call "${call}". Check its name.`,
  },
  method_unknown: {
    status: 405,
    sentence: ({ method }: { method: string }) => `${method} is not a method of this API. Use GET or POST.`,
  },
  body_too_large: {
    status: 413,
    sentence: ({ limit }: { limit: number }) =>
      `The request is larger than ${limit} bytes and was not read. Send it in smaller parts.`,
  },
  token_misplaced: {
    status: 400,
    sentence: () =>
      'A token does not belong in an address or a form, where logs keep it. Send it in the Authorization header, and make a new one.',
  },
  too_many_parameters: {
    status: 413,
    sentence: ({ limit }: { limit: number }) =>
      `The request has more than ${limit} parameters. Send it in smaller parts.`,
  },
  encoding_unknown: {
    status: 415,
    sentence: ({ encoding }: { encoding: string }) =>
      `A body packed as "${encoding}" cannot be read here. Send it plain, or packed with gzip.`,
  },
  parameter_invalid: {
    status: 400,
    sentence: ({ parameter, why }: { parameter: string; why: string }) =>
      `Parameter ${parameter} ${why}. Correct it and send the request again.`,
  },
  access_denied: { status: 401, sentence: () => 'Access denied: give a valid user and API token.' },
  privilege_missing: {
    status: 403,
    sentence: ({ privilege }: { privilege: string }) =>
      `You do not have the required privileges (${privilege}). Ask the administrator for them.`,
  },
  // The panel and its pages
  page_unknown: {
    status: 404,
    sentence: ({ path }: { path: string }) => `There is no page at ${path}. Use a link in the menu instead.`,
  },
  request_unreadable: {
    status: 400,
    sentence: () => 'The request could not be understood, so nothing was changed. Open the page again and repeat it.',
  },
  job_unknown: {
    status: 404,
    sentence: () =>
      'This synchronization is no longer known: only the last ones are kept, until a restart. Start a new one.',
  },
  form_expired: {
    status: 409,
    sentence: () =>
      'This form is too old or was sent already, so nothing was changed. Fill in the page Add a server again.',
  },
  form_refused: {
    status: 403,
    sentence: () =>
      'This form was not sent from a page of your own login, so nothing was changed. Open the page again and repeat it.',
  },
  login_needed: {
    status: 401,
    sentence: () => 'You are not logged in, so nothing was changed. Log in and open the page again.',
  },
  login_refused: { status: 401, sentence: () => 'The user name or the password is wrong. Check both and try again.' },
  login_limited: {
    status: 429,
    sentence: ({ minutes }: { minutes: number }) =>
      `Too many logins from your address failed. Wait ${minutes} minutes and try again.`,
  },
  user_invalid: {
    status: 422,
    sentence: ({ user, why }: { user: string; why: string }) => `"${user}" was not added as a user: ${why}.`,
  },
  user_unknown: {
    status: 404,
    sentence: ({ user }: { user: string }) => `There is no user "${user}". Check the list of users.`,
  },
  user_has_zones: {
    status: 409,
    sentence: ({ user, zones }: { user: string; zones: number }) =>
      `${user} was not removed, because ${zones === 1 ? '1 zone belongs' : `${zones} zones belong`} to ${user}. ` +
      'Name their new owner, or have them removed, too.',
  },
  user_last_root: {
    status: 409,
    sentence: ({ user }: { user: string }) =>
      `${user} was not removed, because nobody could log in as root then. Add another user of the kind root first.`,
  },
  users_of_host: {
    status: 409,
    sentence: () => 'The panel of this server manages its users. Change them there.',
  },
  zone_changed: {
    status: 409,
    sentence: ({ zone }: { zone: string }) =>
      `Zone ${zone} was changed by somebody else after you opened it, so your text was not saved. ` +
      'It is still below: save it again to replace theirs.',
  },
  changed_meanwhile: {
    status: 409,
    sentence: ({ what }: { what: string }) =>
      `${what} was changed by somebody else after you opened this page, so nothing was done. Open the page again, and repeat what is still to be done.`,
  },
  folder_in_use: {
    status: 503,
    sentence: ({ folder, pid }: { folder: string; pid: string }) =>
      `The folder ${folder} is in use by process ${pid}. Stop that process first: two would damage each other's data.`,
  },
  internal: {
    status: 500,
    sentence: () => 'An internal error stopped this request. The log of this server tells the cause.',
  },
} satisfies Record<string, ErrorKind>;
