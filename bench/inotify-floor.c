/* The floor of inotify-limits: readlink of every descriptor of every process, and fdinfo of those that are inotify instances. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	static char buffer[65536];
	static const char wanted[] = "anon_inode:inotify";
	long descriptors = 0, instances = 0, watches = 0;
	struct dirent *process, *entry;
	DIR *proc = opendir("/proc");

	if (!proc)
		return 1;
	while ((process = readdir(proc))) {
		char path[300];

		if (!isdigit(process->d_name[0]))
			continue;
		snprintf(path, sizeof path, "%s/fd", process->d_name);
		int folder = openat(dirfd(proc), path, O_RDONLY | O_DIRECTORY);
		DIR *links = folder < 0 ? NULL : fdopendir(folder);
		if (!links)
			continue;
		while ((entry = readdir(links))) {
			if (entry->d_name[0] == '.')
				continue;
			ssize_t length = readlinkat(folder, entry->d_name, buffer, sizeof buffer);
			descriptors++;
			if (length != sizeof wanted - 1 || memcmp(buffer, wanted, length))
				continue;
			instances++;
			snprintf(path, sizeof path, "%s/fdinfo/%s", process->d_name, entry->d_name);
			int info = openat(dirfd(proc), path, O_RDONLY);
			if (info < 0)
				continue;
			for (ssize_t got; (got = read(info, buffer, sizeof buffer - 1)) > 0;) {
				buffer[got] = 0;
				for (char *at = buffer; (at = strstr(at, "inotify wd:")); at++)
					watches++;
			}
			close(info);
		}
		closedir(links);
	}
	printf("%ld descriptors, %ld instances, %ld watches\n", descriptors, instances, watches);
	return 0;
}
