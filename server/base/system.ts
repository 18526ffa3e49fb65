/** What the system says of a file, and what whoever reads it can do. */

const NO_RIGHT = 'Whoever runs this has no right to it: change that (chmod), or run it as another user.'

const WHAT_TO_DO: Readonly<Record<string, string>> = {
  EACCES: NO_RIGHT,
  EPERM: NO_RIGHT,
  EROFS: 'Its file system takes no writes: name another folder (FIXTURES).',
  ENOSPC: 'The disk is full: make room on it.',
  EDQUOT: 'The quota of this user is used up: make room.',
  ENOENT: 'It, or its folder, is not there any more: restore it (git checkout), or record again.',
  ENOTDIR: 'A file stands where its path has a folder: move that away.',
  EISDIR: 'A folder stands where a file has to be: move that away.',
  ELOOP: 'A link in its path leads to itself: remove that.',
  ENAMETOOLONG: 'Its path is too long for this system: name a folder with a shorter one (FIXTURES).',
  EMFILE: 'This process has too many files open: let it have more (ulimit -n).',
  ENFILE: 'This machine has too many files open: close what has them.',
  EIO: 'The disk failed: the log of the system says more.',
}

/** `EACCES. Whoever runs this has no right to it: …` */
export const codeAndCure = (code: string): string =>
  `${code}. ${WHAT_TO_DO[code] ?? 'Look at it there, and try again.'}`
