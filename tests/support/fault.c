#include "support/fault.h"

#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void  __real_free(void *block);
void *__real_aligned_alloc(size_t alignment, size_t size);
int   __real_posix_memalign(void **block, size_t alignment, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void  __wrap_free(void *block);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int   __wrap_posix_memalign(void **block, size_t alignment, size_t size);

static atomic_long live;
static atomic_long calls;
static atomic_long failing; /* the call to fail, 0: none */
static atomic_bool later;

static bool must_fail(void) {
  long call = atomic_fetch_add(&calls, 1) + 1;
  long k    = atomic_load(&failing);
  bool fail = k > 0 && (call == k || (call > k && atomic_load(&later)));
  if (fail) {
    errno = ENOMEM;
  }
  return fail;
}

static void *counted(void *block) {
  if (block) {
    atomic_fetch_add(&live, 1);
  }
  return block;
}

void *__wrap_malloc(size_t size) {
  return must_fail() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
  return must_fail() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size) {
  if (must_fail()) {
    return NULL;
  }
  void *grown = __real_realloc(block, size);
  return block ? grown : counted(grown);
}

void __wrap_free(void *block) {
  if (block) {
    atomic_fetch_sub(&live, 1);
  }
  __real_free(block);
}

char *__wrap_strndup(const char *text, size_t size) {
  size_t length = strnlen(text, size);
  char  *copy   = __wrap_malloc(length + 1);
  if (copy) {
    memcpy(copy, text, length);
    copy[length] = '\0';
  }
  return copy;
}

char *__wrap_strdup(const char *text) {
  return __wrap_strndup(text, strlen(text));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return must_fail() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size) {
  if (must_fail()) {
    return ENOMEM;
  }
  int code = __real_posix_memalign(block, alignment, size);
  if (code == 0) {
    counted(*block);
  }
  return code;
}

void fault_arm(long k, bool later_too) {
  atomic_store(&calls, 0);
  atomic_store(&later, later_too);
  atomic_store(&failing, k);
}

long fault_disarm(void) {
  atomic_store(&failing, 0);
  return atomic_load(&calls);
}

long fault_live(void) {
  return atomic_load(&live);
}

long fault_every_allocation(fault_body body, void *context, long least) {
  enum { GIVE_UP = 1000000 };
  long allocations = 0;
  for (int later_too = 0; later_too < 2; later_too++) {
    for (long k = 1;; k++) {
      ude_error error  = {0};
      long      before = fault_live();
      fault_arm(k, later_too);
      ude_status status = body(context, &error);
      long       made   = fault_disarm();
      long       left   = fault_live() - before;
      ck_assert_msg(left == 0, "allocation %ld fails: %ld blocks are left over", k, left);
      if (made < k) {
        ck_assert_msg(status == UDE_OK, "nothing failed, yet: %s: %s", ude_status_text(status),
                      error.message);
        allocations = made;
        break;
      }
      ck_assert_msg(status == UDE_OUT_OF_MEMORY, "allocation %ld fails: got '%s' (%s)", k,
                    ude_status_text(status), error.message);
      ck_assert_msg(error.message[0] != '\0', "allocation %ld fails: no message", k);
      ck_assert_msg(k < GIVE_UP, "no end to the allocations");
    }
  }
  ck_assert_msg(allocations >= least, "only %ld allocations were tried, expected %ld or more",
                allocations, least);
  return allocations;
}
