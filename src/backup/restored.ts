/** In the plugin's folder: it was restored from a backup, and its members may have newer copies. */
export const RESTORED = 'restored';
