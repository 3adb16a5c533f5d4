/* Independent pieces of work on several processors. */
#include <ude/base.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MAX_THREADS = 64, STACK = 8 << 20 /* LLVM recurses deeply */ };

typedef struct team {
  size_t        count;
  atomic_size_t next;
  void (*work)(size_t i, void *context);
  void *context;
} team;

static void *run(void *argument) {
  team *of = argument;
  for (size_t i = atomic_fetch_add(&of->next, 1); i < of->count;
       i        = atomic_fetch_add(&of->next, 1)) {
    of->work(i, of->context);
  }
  return NULL;
}

void ude_parallel(size_t count, int threads, void (*work)(size_t i, void *context), void *context) {
  team           of      = {.count = count, .work = work, .context = context};
  long           asked   = threads > 0 ? threads : sysconf(_SC_NPROCESSORS_ONLN);
  size_t         most    = asked < 1 ? 1 : asked < MAX_THREADS ? (size_t)asked : MAX_THREADS;
  size_t         wanted  = count < most ? count : most;
  size_t         started = 0;
  pthread_t      thread[MAX_THREADS];
  pthread_attr_t attributes;
  if (wanted > 1 && pthread_attr_init(&attributes) == 0) {
    (void)pthread_attr_setstacksize(&attributes, STACK);
    while (started + 1 < wanted && pthread_create(&thread[started], &attributes, run, &of) == 0) {
      started++;
    }
    pthread_attr_destroy(&attributes);
  }
  run(&of);
  for (size_t i = 0; i < started; i++) {
    pthread_join(thread[i], NULL);
  }
}
