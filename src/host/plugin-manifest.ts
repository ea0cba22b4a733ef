import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../operations/version.js';

/** A URL path that begins with `/`, as a host mounts it. */
const urlPath = z.string().regex(/^(\/[a-z0-9._-]+)+$/i, 'must be a path such as /clusters/dns');
/** A file or folder of the package. */
const packagePath = z.string().regex(/^\.\/(?!.*\.\.)[\w./-]+$/, 'must be a path inside the package, such as ./views');
const privilegeName = z.string().regex(/^[a-z][a-z0-9-]*$/);

/** What a host panel reads of `plugin.json` before it runs any code of the plugin. */
export const pluginManifestSchema = z
  .strictObject({
    /** Stable key, in lower case. */
    id: z.string().regex(/^[a-z][a-z0-9-]*$/),
    /** The name that people see. */
    name: z.string().min(1).max(80),
    version: z.string().regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/),
    description: z.string().min(1).max(200),
    engines: z.strictObject({ node: z.string().min(1) }),
    /** The module that exports `lifecycle.create`. */
    entry: packagePath,
    /** `create(host, settings)` answers an object with `start` and `stop`; the names of the three. */
    lifecycle: z.strictObject({ create: z.string().min(1), start: z.string().min(1), stop: z.string().min(1) }),
    /** Where the host's menu shows the plugin, and the privilege that a user needs to see it. */
    menu: z.strictObject({
      group: z.string().min(1),
      label: z.string().min(1),
      path: urlPath,
      privilege: privilegeName,
    }),
    /** Privileges that the plugin brings, for the host to give to its users. */
    privileges: z.array(
      z.strictObject({ name: privilegeName, label: z.string().min(1), explanation: z.string().min(1) }),
    ),
    /**
     * `pages` is mounted at its path, `api` at the root of the port that peers call, for requests below these paths.
     */
    mounts: z.strictObject({ pages: urlPath, api: z.array(urlPath).min(1) }),
    views: packagePath,
    assets: packagePath,
    templates: packagePath,
  })
  .refine((manifest) => manifest.menu.path === manifest.mounts.pages, 'menu.path must be where the pages are mounted')
  .refine(
    (manifest) => manifest.privileges.some((privilege) => privilege.name === manifest.menu.privilege),
    'menu.privilege must be one of the privileges',
  );

export type PluginManifest = z.infer<typeof pluginManifestSchema>;

/** Reads and checks a manifest; without a file, this package's own. Throws with the field that breaks the schema. */
export function readPluginManifest(file = fileURLToPath(new URL('plugin.json', PACKAGE_ROOT))): PluginManifest {
  const read = pluginManifestSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!read.success) throw new Error(`${file} is not a plugin manifest:\n${z.prettifyError(read.error)}`);
  return read.data;
}

/** Is this a path that the plugin's API answers? */
export function isApiPath({ mounts }: PluginManifest, path: string): boolean {
  return mounts.api.some((mount) => path === mount || path.startsWith(`${mount}/`));
}
