/**
 * @file reflection.h
 * @brief What the debug information says of a model: structs, functions, names; and its text form for the cache.
 */
#ifndef UDE_COMPILER_REFLECTION_H
#define UDE_COMPILER_REFLECTION_H

#include <llvm-c/Core.h>

#include <ude/compiler.h>

/** A run of equal scalars of a struct: what ude_member is to the flat vector, with its place in memory. */
typedef struct ude_field_run {
  ude_member member; /**< name owned */
  int64_t    offset; /**< bytes from the start of the struct */
  bool       single; /**< float, not double */
} ude_field_run;

/** An integer member: a constant of the model. */
typedef struct ude_integer_run {
  char   *name;
  int64_t offset, count, size; /**< bytes, scalars, bytes of a scalar */
  int     rank;
  int64_t extents[UDE_MAX_RANK];
} ude_integer_run;

typedef struct ude_struct_shape {
  bool             defined;
  int64_t          size;  /**< bytes */
  int64_t          reals; /**< scalars of the flat vector */
  int64_t          runs, integers;
  ude_field_run   *run;
  ude_integer_run *integer;
} ude_struct_shape;

/** The structs of the contract. */
enum {
  UDE_STRUCT_STATE,
  UDE_STRUCT_PARAM,
  UDE_STRUCT_OBSERVATION,
  UDE_STRUCT_SAMPLE,
  UDE_STRUCT_LOSS,
  UDE_STRUCTS
};

/** The functions of the contract. */
enum {
  UDE_MAP_RHS,
  UDE_MAP_INITIAL,
  UDE_MAP_OBSERVE,
  UDE_MAP_TERMINAL_COST,
  UDE_MAP_RUNNING_COST,
  UDE_MAP_PENALTY,
  UDE_MAP_COST,
  UDE_MAP_EVENTS,
  UDE_MAP_AFFECT,
  UDE_MAP_SCHEDULE,
  UDE_MAP_DISCONTINUITIES,
  UDE_MAP_LOSS,
  UDE_MAPS
};

/** An argument of a learned function. */
typedef enum ude_argument_kind {
  UDE_ARGUMENT_SCALAR,
  UDE_ARGUMENT_INPUT,
  UDE_ARGUMENT_OUTPUT,
  UDE_ARGUMENT_PARAM
} ude_argument_kind;

typedef struct ude_learned_argument {
  ude_argument_kind kind;
  bool              single;
  int64_t           count; /**< array extent; 1 for a scalar */
  char             *name;
} ude_learned_argument;

typedef struct ude_learned_shape {
  char                 *name;
  int                   arguments;
  ude_learned_argument *argument;
  bool                  returns, returns_single;
  int64_t               rows, columns;
} ude_learned_shape;

/** What the model says of its events. */
typedef struct ude_event_counts {
  int64_t count, scheduled, discontinuities;
  int64_t directions, terminals;                     /**< entries of those arrays, 0: absent */
  bool    schedule_constant, discontinuity_constant; /**< the times are a constant array */
} ude_event_counts;

typedef struct ude_reflection {
  ude_struct_shape   structs[UDE_STRUCTS];
  bool               map[UDE_MAPS];
  bool               has_u0, has_p0, has_mass, has_tspan, has_draw;
  ude_event_counts   events;
  int64_t            learned_count;
  ude_learned_shape *learned;
} ude_reflection;

extern const char *const ude_struct_names[UDE_STRUCTS], *const ude_map_names[UDE_MAPS];

/** Is the struct exactly its flat vector (only doubles, no padding)? */
bool ude_shape_is_flat(const ude_struct_shape *shape);

/** Read the debug information of a linked module; checks the prototypes of the contract. */
ude_status ude_reflect(LLVMModuleRef module, ude_reflection *reflection, ude_error *error);
void       ude_reflection_free(ude_reflection *reflection);
void       ude_reflection_free_shape(ude_struct_shape *shape);

/** Text form (cache entries). */
void       ude_reflection_write(const ude_reflection *reflection, ude_text *text);
ude_status ude_reflection_read(const char *text, size_t length, ude_reflection *reflection,
                               ude_error *error);

#endif
