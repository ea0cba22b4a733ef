/** Our environment with the folders of server programs, which an ordinary user's PATH lacks on Debian. */
export function withServerPrograms(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };
}
