/* Feeds every file of the given folders to the fuzzer's entry point: the corpus as an ordinary test. */
#include "fuzz/fuzz.h"

#include <dirent.h>

static int replay(const char *folder) {
  int  count  = 0;
  DIR *opened = opendir(folder);
  if (!opened) {
    return 0;
  }
  for (const struct dirent *entry = readdir(opened); entry; entry = readdir(opened)) {
    if (entry->d_name[0] == '.') {
      continue;
    }
    char      path[4096];
    char     *data   = NULL;
    size_t    length = 0;
    ude_error error  = {0};
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (ude_file_read(path, &data, &length, &error) != UDE_OK) {
      fprintf(stderr, "%s\n", error.message);
      exit(EXIT_FAILURE);
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, length);
    free(data);
    count++;
  }
  closedir(opened);
  return count;
}

int main(int argc, char **argv) {
  int count = 0;
  for (int i = 1; i < argc; i++) {
    count += replay(argv[i]);
  }
  printf("%d inputs\n", count);
  return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
