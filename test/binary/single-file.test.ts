/** In one file, so that the single file is built once. */
import './alone.ts';
import './chroot.ts';
import './hostile-folder.ts';
import './native.ts';
