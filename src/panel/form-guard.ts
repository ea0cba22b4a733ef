import express, { type Request, type RequestHandler } from 'express';
import { csrfToken, csrfTokenMatches, isCrossOrigin } from '../access/csrf.js';
import { ClusterError } from '../errors.js';
import { loginOf } from './session.js';

/** Reads the panel's own forms, all small. */
export const panelForm: RequestHandler = express.urlencoded({ extended: false, limit: '8kb', parameterLimit: 20 });

/** A text field of a form that was read; empty where it is missing or given twice. */
export function textOf(request: Request, field: string): string {
  const value = ((request.body ?? {}) as Record<string, unknown>)[field];
  return typeof value === 'string' ? value : '';
}

/** The token for the forms of this request's login; empty where nobody is logged in. */
export function formToken(secret: Buffer, request: Request): string {
  const login = loginOf(request);
  return login === undefined ? '' : csrfToken(secret, { user: login.user, sessionId: login.loginId });
}

/** Refuses a form that is not from a page of this server. */
export const sameOrigin: RequestHandler = (request, _response, next) => {
  if (isCrossOrigin(request.headers)) throw new ClusterError('form_refused');
  next();
};

/** Refuses a form that is not from a page of the same login. After `panelForm`. */
export function sameLogin(secret: Buffer): RequestHandler {
  return (request, _response, next) => {
    const login = loginOf(request);
    const owner = login === undefined ? undefined : { user: login.user, sessionId: login.loginId };
    if (owner === undefined || !csrfTokenMatches(secret, owner, textOf(request, '_csrf')))
      throw new ClusterError('form_refused');
    next();
  };
}
