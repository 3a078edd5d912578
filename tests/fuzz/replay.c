/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A main() for a fuzz target where libFuzzer is not at hand: gives it each file, or each file of
 * each folder, that is named on the command line, in a block of exactly its size. So the seeds and
 * what was found once are tests.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FILE_MAX_OCTETS = 1 << 20 };

static bool replay_file(const char *path)
{
	struct buf text = {NULL, 0, 0};
	uint8_t *exact;

	if (!file_slurp(path, FILE_MAX_OCTETS, &text, NULL, NULL)) {
		perror(path);
		buf_release(&text);
		return false;
	}
	exact = xmalloc(text.len);
	if (text.len)
		memcpy(exact, text.data, text.len);
	LLVMFuzzerTestOneInput(exact, text.len);
	free(exact);
	buf_release(&text);
	return true;
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
