/* The shapes of struct state, param and observation from debug information. */
#include "compiler/reflect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 512, MAX_DEPTH = 32 };

/** What a member inherits from the structs around it. */
typedef struct context {
  const ude_debug_info *info;
  ude_struct_shape     *shape;
  const char           *what; /**< "state" */
  ude_error            *error;
} context;

typedef struct marks {
  bool     fixed;
  double   lower, upper;
  ude_init init;
  bool     relative, metric;
} marks;

const char *ude_reflect_strip(const ude_debug_info *info, const char *type, bool *is_const) {
  for (int depth = 0; type && depth < MAX_DEPTH; depth++) {
    if (ude_debug_is(type, "DIDerivedType", "DW_TAG_const_type")) {
      *is_const = true;
    } else if (!ude_debug_is(type, "DIDerivedType", "DW_TAG_typedef") &&
               !ude_debug_is(type, "DIDerivedType", "DW_TAG_volatile_type") &&
               !ude_debug_is(type, "DIDerivedType", "DW_TAG_restrict_type") &&
               !ude_debug_is(type, "DIDerivedType", "DW_TAG_atomic_type")) {
      return type;
    }
    type = ude_debug_reference(info, type, "baseType");
  }
  return type;
}

static ude_status refuse(const context *in, const char *member, const char *name, const char *why) {
  char place[300];
  return ude_fail(in->error, UDE_COMPILE, "%s: member '%s' of struct %s %s",
                  ude_debug_place(in->info, member, place, sizeof place), name, in->what, why);
}

/* ----------------------------------------------------------------------------------- marks -- */

/* A bound as its source text: a number, or INFINITY, with a sign. */
static bool parse_bound(const char *text, size_t length, double *value) {
  double sign = 1;
  while (length > 0 && (*text == ' ' || *text == '-' || *text == '+' || *text == '(')) {
    sign = *text == '-' ? -sign : sign;
    text++;
    length--;
  }
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == ')')) {
    length--;
  }
  if (length == 8 && strncmp(text, "INFINITY", 8) == 0) {
    *value = sign * (double)INFINITY;
    return true;
  }
  bool read = ude_parse_real(text, length, value);
  *value *= sign;
  return read;
}

static ude_status read_range(const context *in, const char *member, const char *name,
                             const char *text, marks *to) {
  const char *comma = strchr(text, ',');
  if (!comma || !parse_bound(text, (size_t)(comma - text), &to->lower) ||
      !parse_bound(comma + 1, strlen(comma + 1), &to->upper) || !(to->lower < to->upper)) {
    char why[200];
    snprintf(why, sizeof why, "has UDE_RANGE(%.80s): two numbers are needed, the lower one first",
             text);
    return refuse(in, member, name, why);
  }
  return UDE_OK;
}

static ude_status read_marks(const context *in, const char *member, const char *name, marks *to) {
  const char *list    = ude_debug_reference(in->info, member, "annotations");
  const char *at      = NULL;
  const char *element = NULL;
  while (ude_debug_next(in->info, list, &at, &element)) {
    const char *range = element ? strstr(element, "!\"ude:range=") : NULL;
    if (range) {
      char   text[128];
      size_t length = strcspn(range + 12, "\"");
      snprintf(text, sizeof text, "%.*s", (int)length, range + 12);
      ude_status status = read_range(in, member, name, text, to);
      if (status) {
        return status;
      }
    }
    if (element && strstr(element, "!\"ude:error=relative\"")) {
      to->relative = true;
    }
    if (element && strstr(element, "!\"ude:metric\"")) {
      to->metric = true;
    }
    if (element && strstr(element, "!\"ude:init=glorot\"")) {
      to->init = UDE_INIT_GLOROT_UNIFORM;
    }
  }
  return UDE_OK;
}

/* --------------------------------------------------------------------------------- members -- */

static ude_status add_real(const context *in, const char *name, int rank, const int64_t *extents,
                           int64_t offset, bool single, const marks *with) {
  ude_struct_shape *shape = in->shape;
  ude_field_run    *grown = ude_realloc(shape->run, (size_t)shape->runs + 1, sizeof *grown);
  char             *copy  = grown ? strdup(name) : NULL;
  shape->run              = grown ? grown : shape->run;
  if (!copy) {
    return ude_fail_memory(in->error, "the members of the model's structs");
  }
  ude_field_run *run = &shape->run[shape->runs++];
  *run               = (ude_field_run){.member = {.name     = copy,
                                                  .first    = shape->reals,
                                                  .count    = 1,
                                                  .rank     = rank,
                                                  .fixed    = with->fixed,
                                                  .lower    = with->lower,
                                                  .upper    = with->upper,
                                                  .init     = with->init,
                                                  .relative = with->relative,
                                                  .metric   = with->metric,
                                                  .single   = single},
                                       .offset = offset,
                                       .single = single};
  for (int d = 0; d < rank; d++) {
    run->member.extents[d] = extents[d];
    run->member.count *= extents[d];
  }
  shape->reals += run->member.count;
  return UDE_OK;
}

static ude_status add_integer(const context *in, const char *name, int rank, const int64_t *extents,
                              int64_t offset, int64_t size) {
  ude_struct_shape *shape = in->shape;
  ude_integer_run  *grown = ude_realloc(shape->integer, (size_t)shape->integers + 1, sizeof *grown);
  char             *copy  = grown ? strdup(name) : NULL;
  shape->integer          = grown ? grown : shape->integer;
  if (!copy) {
    return ude_fail_memory(in->error, "the members of the model's structs");
  }
  ude_integer_run *run = &shape->integer[shape->integers++];
  *run = (ude_integer_run){.name = copy, .offset = offset, .count = 1, .size = size, .rank = rank};
  for (int d = 0; d < rank; d++) {
    run->extents[d] = extents[d];
    run->count *= extents[d];
  }
  return UDE_OK;
}

static ude_status add_members(const context *in, const char *type, const char *prefix,
                              int64_t offset, const marks *outer, int depth);

/* Every element of an array of structs. */
static ude_status add_struct_array(const context *in, const char *type, const char *name, int rank,
                                   const int64_t *extents, int64_t offset, const marks *with,
                                   int depth) {
  int64_t total = 1;
  int64_t size  = ude_debug_integer(type, "size", 0) / 8;
  for (int d = 0; d < rank; d++) {
    total *= extents[d];
  }
  for (int64_t i = 0; i < total; i++) {
    char    element[MAX_NAME];
    size_t  used = (size_t)snprintf(element, sizeof element, "%s", name);
    int64_t rest = total;
    int64_t at   = i;
    for (int d = 0; d < rank && used < sizeof element; d++) {
      rest /= extents[d];
      used +=
          (size_t)snprintf(element + used, sizeof element - used, "[%lld]", (long long)(at / rest));
      at %= rest;
    }
    ude_status status = add_members(in, type, element, offset + i * size, with, depth + 1);
    if (status) {
      return status;
    }
  }
  return UDE_OK;
}

static ude_status add_member(const context *in, const char *member, const char *prefix,
                             int64_t offset, const marks *outer, int depth) {
  char    own[256];
  char    name[MAX_NAME];
  marks   with = *outer;
  int     rank = 0;
  int64_t extents[UDE_MAX_RANK];
  ude_debug_string(member, "name", own, sizeof own);
  snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] && own[0] ? "." : "", own);
  ude_status status = read_marks(in, member, name, &with);
  if (status) {
    return status;
  }
  const char *flags = ude_debug_field(member, "flags");
  if (flags && strstr(flags, "DIFlagBitField")) {
    return refuse(in, member, name, "is a bit field: use a plain integer");
  }
  offset += ude_debug_integer(member, "offset", 0) / 8;
  const char *type =
      ude_reflect_strip(in->info, ude_debug_reference(in->info, member, "baseType"), &with.fixed);
  while (type && ude_debug_is(type, "DICompositeType", "DW_TAG_array_type")) {
    const char *list  = ude_debug_reference(in->info, type, "elements");
    const char *at    = NULL;
    const char *range = NULL;
    while (ude_debug_next(in->info, list, &at, &range)) {
      int64_t count = range ? ude_debug_integer(range, "count", -1) : -1;
      if (count < 0) {
        return refuse(in, member, name, "is an array of unknown length");
      }
      if (rank == UDE_MAX_RANK) {
        return refuse(in, member, name, "has more than 6 dimensions");
      }
      extents[rank++] = count;
    }
    type =
        ude_reflect_strip(in->info, ude_debug_reference(in->info, type, "baseType"), &with.fixed);
  }
  int64_t count = 1;
  for (int d = 0; d < rank; d++) {
    count *= extents[d];
  }
  if (count == 0) {
    return UDE_OK; /* a zero-length array takes no room */
  }
  if (!type) {
    return refuse(in, member, name, "has an incomplete type");
  }
  if (ude_debug_is(type, "DICompositeType", "DW_TAG_structure_type")) {
    return rank == 0 ? add_members(in, type, name, offset, &with, depth + 1)
                     : add_struct_array(in, type, name, rank, extents, offset, &with, depth);
  }
  int64_t bits = ude_debug_integer(type, "size", 0);
  if (ude_debug_is(type, "DICompositeType", "DW_TAG_enumeration_type")) {
    return add_integer(in, name, rank, extents, offset, bits / 8);
  }
  if (!ude_debug_is(type, "DIBasicType", NULL)) {
    return refuse(in, member, name,
                  ude_debug_is(type, "DICompositeType", "DW_TAG_union_type")
                      ? "is a union: use separate members"
                      : "is a pointer: use an array of fixed length");
  }
  const char *encoding = ude_debug_field(type, "encoding");
  if (encoding && strncmp(encoding, "DW_ATE_float", 12) == 0) {
    return bits == 64 || bits == 32 ? add_real(in, name, rank, extents, offset, bits == 32, &with)
                                    : refuse(in, member, name, "is neither double nor float");
  }
  if (encoding && strncmp(encoding, "DW_ATE_complex", 14) == 0) {
    return refuse(in, member, name, "is complex: use two doubles");
  }
  return add_integer(in, name, rank, extents, offset, bits / 8);
}

static ude_status add_members(const context *in, const char *type, const char *prefix,
                              int64_t offset, const marks *outer, int depth) {
  const char *list   = ude_debug_reference(in->info, type, "elements");
  const char *at     = NULL;
  const char *member = NULL;
  while (ude_debug_next(in->info, list, &at, &member)) {
    if (!ude_debug_is(member, "DIDerivedType", "DW_TAG_member")) {
      continue;
    }
    ude_status status = depth < MAX_DEPTH ? add_member(in, member, prefix, offset, outer, depth)
                                          : refuse(in, member, prefix, "is nested too deeply");
    if (status) {
      return status;
    }
  }
  return UDE_OK;
}

/* A complete struct of that name at file scope. */
static bool is_definition(const ude_debug_info *info, const char *node, const char *name) {
  char own[256];
  if (!ude_debug_is(node, "DICompositeType", "DW_TAG_structure_type") ||
      strcmp(ude_debug_string(node, "name", own, sizeof own), name) != 0) {
    return false;
  }
  const char *flags = ude_debug_field(node, "flags");
  const char *scope = ude_debug_reference(info, node, "scope");
  return !(flags && strncmp(flags, "DIFlagFwdDecl", 13) == 0) &&
         !ude_debug_is(scope, "DISubprogram", NULL) && !ude_debug_is(scope, "DILexicalBlock", NULL);
}

static bool same_shape(const ude_struct_shape *a, const ude_struct_shape *b) {
  bool same = a->size == b->size && a->runs == b->runs && a->integers == b->integers;
  for (int64_t i = 0; same && i < a->runs; i++) {
    same = strcmp(a->run[i].member.name, b->run[i].member.name) == 0 &&
           a->run[i].offset == b->run[i].offset && a->run[i].single == b->run[i].single &&
           a->run[i].member.count == b->run[i].member.count;
  }
  for (int64_t i = 0; same && i < a->integers; i++) {
    same = strcmp(a->integer[i].name, b->integer[i].name) == 0 &&
           a->integer[i].offset == b->integer[i].offset && a->integer[i].size == b->integer[i].size;
  }
  return same;
}

ude_status ude_reflect_struct(const ude_debug_info *info, const char *name, ude_struct_shape *shape,
                              ude_error *error) {
  const char *first = NULL;
  for (int64_t i = 0; i < info->count; i++) {
    const char *node = info->node[i];
    if (!is_definition(info, node, name)) {
      continue;
    }
    ude_struct_shape  again = {0}; /* every file has its own copy of the debug information */
    ude_struct_shape *to    = first ? &again : shape;
    context           in    = {info, to, name, error};
    marks             none  = {0};
    to->defined             = true;
    to->size                = ude_debug_integer(node, "size", 0) / 8;
    ude_status status       = add_members(&in, node, "", 0, &none, 0);
    bool       same         = !first || same_shape(shape, &again);
    ude_reflection_free_shape(&again);
    if (status) {
      return status;
    }
    if (!same) {
      char place[2][300];
      return ude_fail(error, UDE_COMPILE, "%s: struct %s differs from its definition at %s",
                      ude_debug_place(info, node, place[0], sizeof place[0]), name,
                      ude_debug_place(info, first, place[1], sizeof place[1]));
    }
    first = first ? first : node;
  }
  return UDE_OK;
}
