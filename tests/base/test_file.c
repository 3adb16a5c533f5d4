/* Files that are whole or absent. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/ude_check.h"

static char folder[] = "/tmp/ude_file_XXXXXX";

static const char *in_folder(const char *name) {
  static char path[4][512];
  static int  turn = 0;
  turn             = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

static int entries(void) {
  int  count  = 0;
  DIR *opened = opendir(folder);
  ck_assert_ptr_nonnull(opened);
  for (const struct dirent *entry = readdir(opened); entry; entry = readdir(opened)) {
    count += entry->d_name[0] != '.';
  }
  closedir(opened);
  return count;
}

static void setup(void) {
  strcpy(folder, "/tmp/ude_file_XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void) {
  DIR *opened = opendir(folder);
  for (const struct dirent *entry = readdir(opened); entry; entry = readdir(opened)) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
      remove(in_folder(entry->d_name));
    }
  }
  closedir(opened);
  rmdir(folder);
}

START_TEST(write_then_read) {
  ude_error error = {0};
  char      big[100000];
  for (size_t i = 0; i < sizeof big; i++) {
    big[i] = (char)(i * 7);
  }
  char  *data   = NULL;
  size_t length = 0;
  ck_ok(ude_file_write(in_folder("f"), big, sizeof big, &error), &error);
  ck_ok(ude_file_read(in_folder("f"), &data, &length, &error), &error);
  ck_assert_uint_eq(length, sizeof big);
  ck_assert(memcmp(data, big, length) == 0 && data[length] == '\0');
  free(data);
  ck_ok(ude_file_write(in_folder("f"), "", 0, &error), &error);
  ck_ok(ude_file_read(in_folder("f"), &data, &length, &error), &error);
  ck_assert(length == 0 && data[0] == '\0');
  free(data);
  ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(permissions_follow_the_umask) {
  ude_error   error = {0};
  struct stat status;
  umask(022);
  ck_ok(ude_file_write(in_folder("f"), "x", 1, &error), &error);
  ck_assert(stat(in_folder("f"), &status) == 0);
  ck_assert_int_eq(status.st_mode & 0777, 0644);
}
END_TEST

/* A failed write leaves the old file and nothing else. The target is a folder, which no rename of a
 * file replaces, even for root. */
START_TEST(failed_write_leaves_nothing) {
  ude_error error = {0};
  ck_assert(mkdir(in_folder("taken"), 0777) == 0);
  ck_fails(ude_file_write(in_folder("taken"), "x", 1, &error), UDE_IO, &error, "taken",
           "cannot write");
  ck_assert_int_eq(entries(), 1);
  ck_fails(ude_file_write(in_folder("no/such/folder"), "x", 1, &error), UDE_IO, &error,
           "no/such/folder", "No such file");
  ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(read_errors) {
  ude_error error  = {0};
  char     *data   = (char *)folder;
  size_t    length = 9;
  ck_fails(ude_file_read(in_folder("absent"), &data, &length, &error), UDE_IO, &error, "absent",
           "No such file");
  ck_assert(data == NULL && length == 0);
  ck_fails(ude_file_read(folder, &data, &length, &error), UDE_IO, &error, folder, "directory");
}
END_TEST

START_TEST(folders_are_made_with_those_above) {
  ude_error   error = {0};
  struct stat status;
  char        deep[600];
  snprintf(deep, sizeof deep, "%s/a/b/c/", folder);
  ck_ok(ude_folder_make(deep, &error), &error);
  ck_ok(ude_folder_make(deep, &error), &error); /* there already */
  ck_assert(stat(deep, &status) == 0 && S_ISDIR(status.st_mode));
  ck_ok(ude_file_write(in_folder("a/file"), "x", 1, &error), &error);
  ck_fails(ude_folder_make(in_folder("a/file/d"), &error), UDE_IO, &error, "a/file", "folder");
  ck_fails(ude_folder_make(in_folder("a/file"), &error), UDE_IO, &error, "a/file", "folder");
  ck_assert(remove(in_folder("a/file")) == 0 && rmdir(in_folder("a/b/c")) == 0 &&
            rmdir(in_folder("a/b")) == 0);
}
END_TEST

START_TEST(clock_goes_forward) {
  double before = ude_clock();
  usleep(2000);
  double after = ude_clock();
  ck_assert(after - before >= 0.002 && after - before < 10);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("file");
  TCase *tcase = tcase_create("file");
  suite_add_tcase(suite, tcase);
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_test(tcase, write_then_read);
  tcase_add_test(tcase, permissions_follow_the_umask);
  tcase_add_test(tcase, failed_write_leaves_nothing);
  tcase_add_test(tcase, read_errors);
  tcase_add_test(tcase, folders_are_made_with_those_above);
  tcase_add_test(tcase, clock_goes_forward);
  return ude_check_run(suite);
}
