/* The floor: readlink and fdinfo of every descriptor of some processes, and nothing else. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char buffer[8192];
	long descriptors = 0, bytes = 0;

	for (int i = 1; i < argc; i++) {
		char path[64];
		struct dirent *entry;

		snprintf(path, sizeof path, "/proc/%s/fd", argv[i]);
		DIR *links = opendir(path);
		snprintf(path, sizeof path, "/proc/%s/fdinfo", argv[i]);
		int infos = open(path, O_RDONLY | O_DIRECTORY);
		if (!links || infos < 0)
			return 1;
		while ((entry = readdir(links))) {
			if (entry->d_name[0] == '.')
				continue;
			if (readlinkat(dirfd(links), entry->d_name, buffer, sizeof buffer) < 0)
				continue;
			int info = openat(infos, entry->d_name, O_RDONLY);
			if (info < 0)
				continue;
			for (ssize_t got; (got = read(info, buffer, sizeof buffer)) > 0;)
				bytes += got;
			close(info);
			descriptors++;
		}
		closedir(links);
		close(infos);
	}
	printf("%ld descriptors, %ld bytes\n", descriptors, bytes);
	return 0;
}
