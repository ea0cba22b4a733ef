/**
 * What the original's clients decide by: new enough for bundles of zones (11.24.2), and below 11.84, from where on they
 * take it for granted that DNSSEC keys are synchronized.
 */
export const ANNOUNCED_VERSION = '11.82.0.1';
