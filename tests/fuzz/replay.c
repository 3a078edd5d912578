/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A main() for a fuzz target where libFuzzer is not at hand: gives it each file, or each file of
 * each folder, that is named on the command line, in a block of exactly its size. So the seeds and
 * what was found once are tests. Functions of ours are not used to read them: a fuzzer may have put
 * its own in their place.
 */
#include <dirent.h>
#include <stdio.h>

#include "fuzz.h"

enum { FILE_MAX_OCTETS = 1 << 20 };

static bool replay_file(const char *path)
{
	char *text = xmalloc(FILE_MAX_OCTETS), *exact;
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(text, 1, FILE_MAX_OCTETS, f) : 0;
	bool done = f && !ferror(f) && len < FILE_MAX_OCTETS;

	if (f)
		fclose(f);
	if (done) {
		exact = exact_copy((struct span){text, len});
		LLVMFuzzerTestOneInput((const uint8_t *)exact, len);
		free(exact);
	} else {
		fprintf(stderr, "%s cannot be read\n", path);
	}
	free(text);
	return done;
}

/* How many files it was; -1 when one of them could not be read. */
static int replay(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int n = 0;

	if (!folder)
		return replay_file(path) ? 1 : -1;
	while (n >= 0 && (entry = readdir(folder))) {
		char *file = xasprintf("%s/%s", path, entry->d_name);

		if (entry->d_name[0] != '.')
			n = replay_file(file) ? n + 1 : -1;
		free(file);
	}
	closedir(folder);
	return n;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int n = replay(argv[i]);

		if (n < 0)
			return 1;
		total += n;
	}
	printf("%d inputs\n", total);
	return total ? 0 : 1;
}
