/* ude fit --repeat: how often does a fit come to the same? */
#include "cli/repeat.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/** One seed. */
typedef struct attempt {
  pid_t    process; /**< 0: not begun, or ended */
  int      code;
  ude_text folder;
  double   loss;
  char    *stopped, *structure; /**< NULL: none */
} attempt;

static int64_t seed_of(const cli_options *options, int64_t i) {
  return options->seed + i;
}

/* ------------------------------------------------------------------------------- processes -- */

/* In the new process: everything that is said goes to the folder's log. */
static void work(const cli_options *options, attempt *a, int (*one)(const cli_options *options),
                 int64_t seed) {
  cli_options with = *options;
  ude_text    log  = {0};
  with.seed        = seed;
  with.output      = a->folder.data;
  with.quiet       = true;
  with.plot        = false;
  ude_text_append(&log, "%s/log.txt", a->folder.data);
  int code = CLI_FAILURE;
  if (!log.failed && freopen(log.data, "w", stderr) && freopen("/dev/null", "w", stdout)) {
    code = one(&with);
  }
  fflush(NULL);
  _exit(code);
}

static int begin(const cli_options *options, attempt *a, int (*one)(const cli_options *options),
                 int64_t seed) {
  ude_error  error  = {0};
  ude_status status = ude_folder_make(a->folder.data, &error);
  if (status) {
    return cli_fail(&error, status);
  }
  fflush(NULL);
  pid_t process = fork();
  if (process == 0) {
    work(options, a, one, seed);
  }
  if (process < 0) {
    return cli_usage_error("--repeat: cannot start a process: %s", strerror(errno));
  }
  a->process = process;
  return CLI_OK;
}

/* Wait until one of them ends. */
static void wait_for_one(attempt *all, int64_t count) {
  int   how     = 0;
  pid_t process = waitpid(-1, &how, 0);
  for (int64_t i = 0; i < count; i++) {
    if (process < 0 && cli_interrupted(NULL) && all[i].process > 0) {
      kill(all[i].process, SIGTERM); /* it saves what it has */
    } else if (process > 0 && all[i].process == process) {
      all[i].process = 0;
      all[i].code    = WIFEXITED(how) ? WEXITSTATUS(how) : CLI_FAILURE;
    }
  }
}

static int run_all(const cli_options *options, attempt *all, int (*one)(const cli_options *)) {
  long    processors = sysconf(_SC_NPROCESSORS_ONLN);
  int64_t most       = processors > 1 ? processors : 1;
  int64_t running    = 0;
  int     code       = CLI_OK;
  for (int64_t next = 0; next < options->repeat || running > 0;) {
    bool more = next < options->repeat && code == CLI_OK && !cli_interrupted(NULL);
    if (more && running < most) {
      code = begin(options, &all[next], one, seed_of(options, next));
      next++;
    } else if (running > 0) {
      wait_for_one(all, options->repeat);
    } else {
      break;
    }
    running = 0;
    for (int64_t i = 0; i < options->repeat; i++) {
      running += all[i].process > 0;
    }
  }
  return code ? code : cli_interrupted(NULL) ? CLI_INTERRUPTED : CLI_OK;
}

/* --------------------------------------------------------------------------------- results -- */

/* A JSON file of the folder, NULL if there is none. */
static cJSON *read_json(const attempt *a, const char *name) {
  ude_text path   = {0};
  char    *data   = NULL;
  size_t   length = 0;
  cJSON   *root   = NULL;
  ude_text_append(&path, "%s/%s", a->folder.data, name);
  if (!path.failed && ude_file_read(path.data, &data, &length, NULL) == UDE_OK) {
    root = cJSON_ParseWithLength(data, length);
  }
  free(data);
  ude_text_free(&path);
  return root;
}

static char *text_of(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsString(item) ? strdup(item->valuestring) : NULL;
}

static void read_result(attempt *a) {
  cJSON       *params     = read_json(a, "params.json");
  cJSON       *discovered = read_json(a, "discovered.json");
  const cJSON *loss       = cJSON_GetObjectItemCaseSensitive(params, "loss");
  a->loss                 = cJSON_IsNumber(loss) ? loss->valuedouble : (double)NAN;
  a->stopped              = text_of(params, "stopped_because");
  a->structure            = text_of(
      cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(discovered, "alternatives"), 0), "text");
  cJSON_Delete(params);
  cJSON_Delete(discovered);
}

/* What the first seed that failed had to say. */
static void print_failure(const attempt *a) {
  ude_text path   = {0};
  char    *data   = NULL;
  size_t   length = 0;
  ude_text_append(&path, "%s/log.txt", a->folder.data);
  if (!path.failed && ude_file_read(path.data, &data, &length, NULL) == UDE_OK) {
    fprintf(stderr, "%s: %.*s\n", path.data, (int)strcspn(data, "\n"), data);
  }
  free(data);
  ude_text_free(&path);
}

static const char *or_none(const char *text) {
  return text ? text : "";
}

static void print_share(const char *what, int64_t part, int64_t whole) {
  fprintf(stderr, "%lld of %lld (%.0f %%): %s\n", (long long)part, (long long)whole,
          100 * (double)part / (double)whole, what);
}

/* How often each structure was found, the most frequent ones first. */
static void print_structures(const attempt *all, int64_t count) {
  for (int64_t share = count; share > 0; share--) {
    for (int64_t i = 0; i < count; i++) {
      int64_t same = 0;
      bool    lead = all[i].structure != NULL;
      for (int64_t k = 0; k < count && lead; k++) {
        bool equal = all[k].structure && strcmp(all[k].structure, all[i].structure) == 0;
        lead       = lead && !(equal && k < i);
        same += equal;
      }
      if (lead && same == share) {
        print_share(all[i].structure, same, count);
      }
    }
  }
}

static void print_results(const cli_options *options, const attempt *all) {
  int64_t count  = options->repeat;
  int64_t good   = 0;
  int64_t low    = 0;
  int64_t wanted = 0;
  puts("seed,loss,stopped,structure");
  for (int64_t i = 0; i < count; i++) {
    const attempt *a      = &all[i];
    bool           fitted = a->code == CLI_OK && !isnan(a->loss);
    if (fitted) {
      printf("%lld,%.17g,%s,%s\n", (long long)seed_of(options, i), a->loss, or_none(a->stopped),
             or_none(a->structure));
    } else {
      printf("%lld,,failed: see %s/log.txt,\n", (long long)seed_of(options, i), a->folder.data);
    }
    good += fitted;
    low += fitted && a->loss <= options->reach;
    wanted +=
        fitted && options->expect && a->structure && strcmp(a->structure, options->expect) == 0;
  }
  print_share("fitted", good, count);
  if (options->reach > 0) {
    print_share("with a loss that was to be reached", low, count);
  }
  if (options->expect) {
    print_share("with the expected structure", wanted, count);
  }
  print_structures(all, count);
}

int cli_repeat(const cli_options *options, int (*one)(const cli_options *options)) {
  ude_error  error  = {0};
  ude_status status = ude_folder_make(options->output, &error);
  if (options->repeat < 1) {
    return cli_usage_error("--repeat: must be positive, but is %lld", (long long)options->repeat);
  }
  attempt *all = status ? NULL : ude_calloc((size_t)options->repeat, sizeof *all);
  if (!all) {
    return status ? cli_fail(&error, status) : cli_usage_error("out of memory");
  }
  int code = CLI_OK;
  for (int64_t i = 0; i < options->repeat; i++) {
    all[i].loss = (double)NAN;
    all[i].code = CLI_FAILURE;
    ude_text_append(&all[i].folder, "%s/seed-%lld", options->output,
                    (long long)seed_of(options, i));
    code = all[i].folder.failed ? cli_usage_error("out of memory") : code;
  }
  cli_catch_interrupt();
  code = code ? code : run_all(options, all, one);
  if (code == CLI_OK) {
    const attempt *failed = NULL;
    bool           any    = false;
    for (int64_t i = 0; i < options->repeat; i++) {
      read_result(&all[i]);
      failed = failed || all[i].code == CLI_OK ? failed : &all[i];
      any    = any || all[i].code == CLI_OK;
    }
    print_results(options, all);
    if (failed) {
      print_failure(failed);
    }
    code = any || !failed ? CLI_OK : failed->code;
  }
  for (int64_t i = 0; i < options->repeat; i++) {
    ude_text_free(&all[i].folder);
    free(all[i].stopped);
    free(all[i].structure);
  }
  free(all);
  return code;
}
