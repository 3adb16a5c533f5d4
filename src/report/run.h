/* A run folder in memory. */
#ifndef UDE_REPORT_RUN_H
#define UDE_REPORT_RUN_H

#include <cjson/cJSON.h>
#include <ude/base.h>

typedef enum run_table {
  RUN_HISTORY = 0,
  RUN_DATA,
  RUN_PREDICTED,
  RUN_TRAJECTORY,
  RUN_EXTRAPOLATION,
  RUN_TABLES
} run_table;

typedef enum run_object { RUN_SETTINGS = 0, RUN_PARAMS, RUN_DISCOVERED, RUN_OBJECTS } run_object;

/* learned_<name>.csv */
typedef struct run_learned {
  char      *name;
  ude_table *table;
} run_learned;

/* What is absent is NULL. */
typedef struct ude_run {
  ude_table   *tables[RUN_TABLES];
  cJSON       *objects[RUN_OBJECTS];
  int64_t      learned_count;
  run_learned *learned; /* [learned_count], by name */
  char        *source;  /* discovered.c */
} ude_run;

/* "data.csv", ... */
extern const char *const ude_run_table_files[RUN_TABLES];
extern const char *const ude_run_object_files[RUN_OBJECTS];

/* Read and check a folder; on failure *run holds nothing. UDE_IO, UDE_BAD_DATA, UDE_OUT_OF_MEMORY. */
ude_status ude_run_load(const char *folder, ude_run *run, ude_error *error);
void       ude_run_release(ude_run *run);

/* A member of an object that may be NULL; NULL or NaN where it is absent or of another kind. */
const char *ude_json_text(const cJSON *object, const char *key);
double      ude_json_number(const cJSON *object, const char *key);

/* Is this column a quantity: neither time nor trajectory nor `truth:`? */
bool ude_run_is_quantity(const char *name);
/* Trajectory of a row; 0 without such a column. */
double ude_run_trajectory(const ude_table *table, int64_t row);

#endif
