/** Words by which a command line says that a number is a descriptor. They name nobody, and are kept where names are not. */
export const FD_WORDS = 'fds?|filedes|descriptors?|sock(?:et)?s?|listen(?:er)?s?|inherit(?:ed)?|handles?';
