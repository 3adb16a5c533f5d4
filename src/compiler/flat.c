/* Flat maps: marshalling between flat vectors and the model's structs. */
#include "compiler/flat.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Where IR is made. */
typedef struct maker {
  LLVMModuleRef              module;
  LLVMContextRef             context;
  LLVMBuilderRef             builder;
  LLVMValueRef               function;
  const ude_reflection      *reflection;
  const ude_compile_options *options;
  LLVMTypeRef                real, single, pointer, byte, word, none;
  int                        heap_count;
  LLVMValueRef               on_heap[UDE_STRUCTS]; /**< to be freed at the end */
} maker;

char *ude_flat_name(char buffer[UDE_FLAT_NAME], const char *kind, const char *map) {
  snprintf(buffer, UDE_FLAT_NAME, "ude.%s.%.280s", kind, map);
  return buffer;
}

static LLVMTypeRef flat_type(const maker *m) {
  LLVMTypeRef arguments[4] = {m->pointer, m->pointer, m->pointer, m->real};
  return LLVMFunctionType(m->none, arguments, 4, 0);
}

static void add_attribute(const maker *m, unsigned index, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(m->function, index, LLVMCreateEnumAttribute(m->context, kind, 0));
}

static maker begin(LLVMModuleRef module, const ude_reflection *reflection,
                   const ude_compile_options *options, const char *name) {
  maker m    = {.module = module, .reflection = reflection, .options = options};
  m.context  = LLVMGetModuleContext(module);
  m.builder  = LLVMCreateBuilderInContext(m.context);
  m.real     = LLVMDoubleTypeInContext(m.context);
  m.single   = LLVMFloatTypeInContext(m.context);
  m.pointer  = LLVMPointerTypeInContext(m.context, 0);
  m.byte     = LLVMInt8TypeInContext(m.context);
  m.word     = LLVMInt64TypeInContext(m.context);
  m.none     = LLVMVoidTypeInContext(m.context);
  m.function = LLVMAddFunction(module, name, flat_type(&m));
  for (unsigned i = 1; i <= 3;
       i++) { /* arguments of a model do not alias: du, u and p are separate */
    add_attribute(&m, i, "noalias");
    add_attribute(&m, i, "nocapture");
    if (i > 1) {
      add_attribute(&m, i, "readonly");
    }
  }
  add_attribute(&m, (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(m.context, m.function, "entry");
  LLVMPositionBuilderAtEnd(m.builder, entry);
  return m;
}

static LLVMValueRef end(maker *m) {
  for (int i = 0; i < m->heap_count; i++) {
    LLVMBuildFree(m->builder, m->on_heap[i]);
  }
  LLVMBuildRetVoid(m->builder);
  LLVMDisposeBuilder(m->builder);
  return m->function;
}

/* ------------------------------------------------------------------------------ marshalling -- */

static LLVMValueRef at_byte(const maker *m, LLVMValueRef base, LLVMValueRef offset) {
  return LLVMBuildGEP2(m->builder, m->byte, base, &offset, 1, "");
}

static LLVMValueRef word_constant(const maker *m, int64_t value) {
  return LLVMConstInt(m->word, (unsigned long long)value, 1);
}

/* One scalar between the flat vector and the struct. */
static void move_scalar(const maker *m, bool to_struct, bool single, LLVMValueRef flat,
                        LLVMValueRef record) {
  LLVMTypeRef  type = single ? m->single : m->real;
  LLVMValueRef value =
      LLVMBuildLoad2(m->builder, to_struct ? m->real : type, to_struct ? flat : record, "");
  if (single) {
    value = to_struct ? LLVMBuildFPTrunc(m->builder, value, m->single, "")
                      : LLVMBuildFPExt(m->builder, value, m->real, "");
  }
  LLVMValueRef store = LLVMBuildStore(m->builder, value, to_struct ? record : flat);
  LLVMSetAlignment(store, single && to_struct ? 4 : 8);
}

/* for (i = 0; i < count; i++) move scalar i of the run. */
static void move_run(maker *m, bool to_struct, const ude_field_run *run, LLVMValueRef flat,
                     LLVMValueRef record) {
  int64_t           size   = run->single ? 4 : 8;
  LLVMBasicBlockRef before = LLVMGetInsertBlock(m->builder);
  LLVMBasicBlockRef body   = LLVMAppendBasicBlockInContext(m->context, m->function, "move");
  LLVMBasicBlockRef after  = LLVMAppendBasicBlockInContext(m->context, m->function, "moved");
  LLVMBuildBr(m->builder, body);
  LLVMPositionBuilderAtEnd(m->builder, body);
  LLVMValueRef i     = LLVMBuildPhi(m->builder, m->word, "i");
  LLVMValueRef scale = LLVMBuildNSWMul(m->builder, i, word_constant(m, size), "");
  LLVMValueRef place = LLVMBuildNSWAdd(m->builder, scale, word_constant(m, run->offset), "");
  LLVMValueRef index = LLVMBuildNSWAdd(m->builder, i, word_constant(m, run->member.first), "");
  move_scalar(m, to_struct, run->single, LLVMBuildGEP2(m->builder, m->real, flat, &index, 1, ""),
              at_byte(m, record, place));
  LLVMValueRef next = LLVMBuildNSWAdd(m->builder, i, word_constant(m, 1), "");
  LLVMValueRef more =
      LLVMBuildICmp(m->builder, LLVMIntSLT, next, word_constant(m, run->member.count), "");
  LLVMBuildCondBr(m->builder, more, body, after);
  LLVMValueRef      values[2] = {word_constant(m, 0), next};
  LLVMBasicBlockRef blocks[2] = {before, body};
  LLVMAddIncoming(i, values, blocks, 2);
  LLVMPositionBuilderAtEnd(m->builder, after);
}

static void move_struct(maker *m, bool to_struct, const ude_struct_shape *shape, LLVMValueRef flat,
                        LLVMValueRef record) {
  for (int64_t i = 0; i < shape->runs; i++) {
    move_run(m, to_struct, &shape->run[i], flat, record);
  }
}

/* Place of the element that "[i][j]=..." names, or -1. */
static int64_t element_place(const ude_integer_run *run, const char *text) {
  int64_t place = 0;
  for (int d = 0; d < run->rank; d++) {
    char   *end   = NULL;
    int64_t index = *text == '[' ? strtoll(text + 1, &end, 10) : -1;
    if (index < 0 || index >= run->extents[d] || *end != ']') {
      return -1;
    }
    place = place * run->extents[d] + index;
    text  = end + 1;
  }
  return *text == '=' ? place : -1;
}

int64_t ude_flat_constant(const ude_struct_shape *shape, const char *text, int64_t *size) {
  for (int64_t j = 0; j < shape->integers; j++) {
    const ude_integer_run *run    = &shape->integer[j];
    size_t                 length = strlen(run->name);
    int64_t place = strncmp(run->name, text, length) == 0 ? element_place(run, text + length) : -1;
    if (place >= 0) {
      *size = run->size;
      return run->offset + place * run->size;
    }
  }
  return -1;
}

static bool fits(long long value, int64_t size) {
  return size < 1 || size >= 8 ||
         (value >= -(1LL << (8 * size - 1)) && value < (1LL << (8 * size)));
}

/* Integer members: the model's own default (u0, p0), then what the options set. */
static void fill_integers(maker *m, int which, LLVMValueRef record) {
  static const char *const defaults[UDE_STRUCTS] = {"u0", "p0"};
  const ude_struct_shape  *shape                 = &m->reflection->structs[which];
  const bool               has[UDE_STRUCTS]      = {m->reflection->has_u0, m->reflection->has_p0};
  LLVMValueRef image = has[which] ? LLVMGetNamedGlobal(m->module, defaults[which]) : NULL;
  if (image) {
    LLVMBuildMemCpy(m->builder, record, 8, image, 1, word_constant(m, shape->size));
  } else {
    LLVMBuildMemSet(m->builder, record, LLVMConstInt(m->byte, 0, 0), word_constant(m, shape->size),
                    8);
  }
  for (size_t i = 0; which == UDE_STRUCT_PARAM && i < m->options->constant_count; i++) {
    const char  *text   = m->options->constants[i];
    int64_t      size   = 0;
    int64_t      offset = ude_flat_constant(shape, text, &size);
    LLVMTypeRef  type   = LLVMIntTypeInContext(m->context, (unsigned)(8 * size));
    LLVMValueRef value =
        LLVMConstInt(type, (unsigned long long)strtoll(text + strcspn(text, "=") + 1, NULL, 10), 1);
    LLVMValueRef store =
        LLVMBuildStore(m->builder, value, at_byte(m, record, word_constant(m, offset)));
    LLVMSetAlignment(store, 1);
  }
}

/* Larger copies of structs than this are on the heap: tangents make them several times as large again. */
enum { MAX_ON_STACK = 1 << 15 };

static LLVMValueRef make_record(maker *m, const ude_struct_shape *shape) {
  LLVMTypeRef  type = LLVMArrayType2(m->byte, (uint64_t)shape->size);
  LLVMValueRef record;
  if (shape->size > MAX_ON_STACK) {
    record                      = LLVMBuildMalloc(m->builder, type, "");
    m->on_heap[m->heap_count++] = record;
  } else {
    record = LLVMBuildAlloca(m->builder, type, "");
    LLVMSetAlignment(record, 16);
  }
  return record;
}

static void clear(const maker *m, LLVMValueRef place, int64_t size) {
  LLVMBuildMemSet(m->builder, place, LLVMConstInt(m->byte, 0, 0), word_constant(m, size), 8);
}

/* A pointer to the struct for a flat vector: itself if it has the same layout. */
static LLVMValueRef input_struct(maker *m, int which, LLVMValueRef flat) {
  const ude_struct_shape *shape = &m->reflection->structs[which];
  if (ude_shape_is_flat(shape)) {
    return flat;
  }
  LLVMValueRef record = make_record(m, shape);
  fill_integers(m, which, record);
  move_struct(m, true, shape, flat, record);
  return record;
}

/* The same for a struct that the model writes. What it leaves out is zero, not left over. */
static LLVMValueRef output_struct(maker *m, int which, LLVMValueRef flat) {
  const ude_struct_shape *shape  = &m->reflection->structs[which];
  LLVMValueRef            record = ude_shape_is_flat(shape) ? flat : make_record(m, shape);
  clear(m, record, shape->size);
  return record;
}

static void from_struct(maker *m, int which, LLVMValueRef record, LLVMValueRef flat) {
  if (record != flat) {
    move_struct(m, false, &m->reflection->structs[which], flat, record);
  }
}

/* Says which members there are. A real one is no constant: callers set it by its place in p. */
static ude_status no_member(const ude_struct_shape *shape, const char *name, size_t length,
                            ude_error *error) {
  enum { SHOWN = 24 };
  char        wanted[64];
  ude_text    names   = {0};
  const char *nearest = NULL;
  int         best    = INT_MAX;
  snprintf(wanted, sizeof wanted, "%.*s", (int)length, name);
  for (int64_t i = 0; i < shape->runs + shape->integers; i++) {
    bool        real     = i < shape->runs;
    const char *known    = real ? shape->run[i].member.name : shape->integer[i - shape->runs].name;
    int         distance = ude_name_distance(wanted, known);
    nearest              = distance < best ? known : nearest;
    best                 = distance < best ? distance : best;
    if (i < SHOWN) {
      ude_text_append(&names, "%s%s%s", i ? ", " : "", known, real ? "" : " (integer)");
    }
  }
  ude_text_append(&names, "%s", shape->runs + shape->integers > SHOWN ? ", ..." : "");
  ude_status status =
      ude_fail(error, UDE_INVALID_ARGUMENT,
               "struct param has no integer member '%.*s'%s%s%s; its members are: %s", (int)length,
               name, nearest ? " (did you mean '" : "", nearest ? nearest : "",
               nearest ? "'?)" : "", names.data ? names.data : "");
  if (names.failed) {
    status = ude_fail_memory(error, "names of members");
  }
  ude_text_free(&names);
  return status;
}

ude_status ude_flat_check_constants(const ude_reflection      *reflection,
                                    const ude_compile_options *options, ude_error *error) {
  const ude_struct_shape *shape = &reflection->structs[UDE_STRUCT_PARAM];
  for (size_t i = 0; i < options->constant_count; i++) {
    const char *text   = options->constants[i];
    size_t      length = strcspn(text, "=");
    int64_t     size   = 0;
    const char *number = text + length + (text[length] == '=');
    char       *end    = NULL;
    if (text[length] == '=' && ude_flat_constant(shape, text, &size) < 0) {
      return no_member(shape, text, length, error);
    }
    long long value = strtoll(number, &end, 10);
    if (text[length] != '=' || *end != '\0' || end == number || !fits(value, size)) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "'%s': member '%.*s' is an integer of %d bytes and needs a whole number",
                      text, (int)length, text, (int)size);
    }
  }
  return UDE_OK;
}

/* ---------------------------------------------------------------------------------- functions -- */

/* Events and times write reals; affect changes a copy of the state, and the number of the event stands behind the state. */
static LLVMValueRef emit_event_map(LLVMModuleRef module, const ude_reflection *reflection, int map,
                                   const ude_compile_options *options) {
  char         name[UDE_FLAT_NAME];
  LLVMValueRef target = LLVMGetNamedFunction(module, ude_map_names[map]);
  maker m = begin(module, reflection, options, ude_flat_name(name, "value", ude_map_names[map]));
  LLVMValueRef y       = LLVMGetParam(m.function, 0);
  LLVMValueRef u       = LLVMGetParam(m.function, 1);
  LLVMValueRef p       = input_struct(&m, UDE_STRUCT_PARAM, LLVMGetParam(m.function, 2));
  LLVMValueRef t       = LLVMGetParam(m.function, 3);
  LLVMTypeRef  type    = LLVMGlobalGetValueType(target);
  int64_t      rows[3] = {reflection->events.count, reflection->events.scheduled,
                          reflection->events.discontinuities};
  if (map == UDE_MAP_AFFECT) {
    const ude_struct_shape *shape  = &reflection->structs[UDE_STRUCT_STATE];
    LLVMValueRef            place  = word_constant(&m, shape->reals);
    bool                    flat   = ude_shape_is_flat(shape);
    LLVMValueRef            record = flat ? y : make_record(&m, shape);
    if (flat) {
      LLVMBuildMemCpy(m.builder, y, 8, u, 8, word_constant(&m, 8 * shape->reals));
    } else {
      fill_integers(&m, UDE_STRUCT_STATE, record);
      move_struct(&m, true, shape, u, record);
    }
    LLVMValueRef number =
        LLVMBuildLoad2(m.builder, m.real, LLVMBuildGEP2(m.builder, m.real, u, &place, 1, ""), "");
    number = LLVMBuildFPToSI(m.builder, number, LLVMInt32TypeInContext(m.context), "");
    LLVMValueRef arguments[] = {record, p, t, number};
    LLVMBuildCall2(m.builder, type, target, arguments, 4, "");
    from_struct(&m, UDE_STRUCT_STATE, record, y);
  } else if (map == UDE_MAP_EVENTS) {
    LLVMValueRef arguments[] = {y, input_struct(&m, UDE_STRUCT_STATE, u), p, t};
    clear(&m, y, 8 * rows[0]);
    LLVMBuildCall2(m.builder, type, target, arguments, 4, "");
  } else {
    LLVMValueRef arguments[] = {y, p};
    clear(&m, y, 8 * rows[map == UDE_MAP_SCHEDULE ? 1 : 2]);
    LLVMBuildCall2(m.builder, type, target, arguments, 2, "");
  }
  return end(&m);
}

LLVMValueRef ude_flat_emit(LLVMModuleRef module, const ude_reflection *reflection, int map,
                           const ude_compile_options *options, ude_error *error) {
  if (map == UDE_MAP_EVENTS || map == UDE_MAP_AFFECT || map == UDE_MAP_SCHEDULE ||
      map == UDE_MAP_DISCONTINUITIES) {
    return emit_event_map(module, reflection, map, options);
  }
  char         name[UDE_FLAT_NAME];
  LLVMValueRef target = LLVMGetNamedFunction(module, ude_map_names[map]);
  maker m = begin(module, reflection, options, ude_flat_name(name, "value", ude_map_names[map]));
  LLVMValueRef y         = LLVMGetParam(m.function, 0);
  LLVMValueRef t         = LLVMGetParam(m.function, 3);
  LLVMValueRef p         = input_struct(&m, UDE_STRUCT_PARAM, LLVMGetParam(m.function, 2));
  bool         has_input = map != UDE_MAP_INITIAL && map != UDE_MAP_PENALTY;
  int          input     = map == UDE_MAP_LOSS ? UDE_STRUCT_SAMPLE : UDE_STRUCT_STATE;
  LLVMValueRef u         = has_input ? input_struct(&m, input, LLVMGetParam(m.function, 1)) : NULL;
  bool         cost      = map == UDE_MAP_TERMINAL_COST || map == UDE_MAP_RUNNING_COST ||
              map == UDE_MAP_PENALTY || map == UDE_MAP_COST;
  int          which = map == UDE_MAP_OBSERVE ? UDE_STRUCT_OBSERVATION
                       : map == UDE_MAP_LOSS  ? UDE_STRUCT_LOSS
                                              : UDE_STRUCT_STATE;
  LLVMValueRef out   = cost ? NULL : output_struct(&m, which, y);
  LLVMValueRef arguments[4];
  unsigned     count = 0;
  (void)error;
  if (out) {
    arguments[count++] = out;
  }
  if (u) {
    arguments[count++] = u;
  }
  arguments[count++] = p;
  if (has_input && map != UDE_MAP_LOSS) {
    arguments[count++] = t;
  }
  LLVMValueRef result =
      LLVMBuildCall2(m.builder, LLVMGlobalGetValueType(target), target, arguments, count, "");
  if (cost) {
    LLVMBuildStore(m.builder, result, y);
  } else {
    from_struct(&m, which, out, y);
  }
  return end(&m);
}

LLVMValueRef ude_flat_emit_draw(LLVMModuleRef module, const ude_reflection *reflection,
                                const ude_compile_options *options) {
  char         name[UDE_FLAT_NAME];
  LLVMValueRef target = LLVMGetNamedFunction(module, "draw");
  maker        m      = begin(module, reflection, options, ude_flat_name(name, "value", "draw"));
  LLVMRemoveEnumAttributeAtIndex(m.function, 2, LLVMGetEnumAttributeKindForName("readonly", 8));
  LLVMValueRef y            = LLVMGetParam(m.function, 0);
  LLVMValueRef record       = output_struct(&m, UDE_STRUCT_SAMPLE, y);
  LLVMValueRef arguments[2] = {record, LLVMGetParam(m.function, 1)};
  LLVMBuildCall2(m.builder, LLVMGlobalGetValueType(target), target, arguments, 2, "");
  from_struct(&m, UDE_STRUCT_SAMPLE, record, y);
  return end(&m);
}

static LLVMValueRef real_argument(const maker *m, const ude_learned_argument *argument,
                                  LLVMValueRef u, int64_t at) {
  LLVMValueRef index = word_constant(m, at);
  LLVMValueRef value =
      LLVMBuildLoad2(m->builder, m->real, LLVMBuildGEP2(m->builder, m->real, u, &index, 1, ""), "");
  return argument->single ? LLVMBuildFPTrunc(m->builder, value, m->single, "") : value;
}

/* An array argument: the flat vector itself, or a float copy of it. */
static LLVMValueRef array_argument(maker *m, const ude_learned_argument *argument,
                                   LLVMValueRef flat, int64_t at, bool input) {
  LLVMValueRef index = word_constant(m, at);
  LLVMValueRef place = LLVMBuildGEP2(m->builder, m->real, flat, &index, 1, "");
  if (!argument->single) {
    return place;
  }
  LLVMValueRef copy =
      LLVMBuildAlloca(m->builder, LLVMArrayType2(m->single, (uint64_t)argument->count), "");
  ude_field_run run = {.member = {.count = argument->count}, .single = true};
  if (input) {
    move_run(m, true, &run, place, copy);
  }
  return copy;
}

LLVMValueRef ude_flat_emit_learned(LLVMModuleRef module, const ude_reflection *reflection,
                                   const ude_learned_shape   *learned,
                                   const ude_compile_options *options, ude_error *error) {
  char         name[UDE_FLAT_NAME];
  char         full[UDE_FLAT_NAME];
  LLVMValueRef target = LLVMGetNamedFunction(module, learned->name);
  snprintf(full, sizeof full, "learned.%.250s", learned->name);
  maker         m         = begin(module, reflection, options, ude_flat_name(name, "value", full));
  LLVMValueRef  y         = LLVMGetParam(m.function, 0);
  LLVMValueRef  u         = LLVMGetParam(m.function, 1);
  LLVMValueRef *arguments = ude_calloc((size_t)learned->arguments, sizeof(LLVMValueRef));
  if (!arguments) {
    LLVMDisposeBuilder(m.builder);
    ude_fail_memory(error, "a learned function");
    return NULL;
  }
  int64_t in  = 0;
  int64_t out = 0;
  clear(&m, y, 8 * learned->rows);
  for (int i = 0; i < learned->arguments; i++) {
    const ude_learned_argument *argument = &learned->argument[i];
    switch (argument->kind) {
    case UDE_ARGUMENT_SCALAR: arguments[i] = real_argument(&m, argument, u, in++); break;
    case UDE_ARGUMENT_INPUT:
      arguments[i] = array_argument(&m, argument, u, in, true);
      in += argument->count;
      break;
    case UDE_ARGUMENT_OUTPUT:
      arguments[i] = array_argument(&m, argument, y, out, false);
      out += argument->count;
      break;
    case UDE_ARGUMENT_PARAM:
      arguments[i] = input_struct(&m, UDE_STRUCT_PARAM, LLVMGetParam(m.function, 2));
      break;
    }
  }
  LLVMValueRef result = LLVMBuildCall2(m.builder, LLVMGlobalGetValueType(target), target, arguments,
                                       (unsigned)learned->arguments, "");
  out                 = 0;
  for (int i = 0; i < learned->arguments; i++) {
    const ude_learned_argument *argument = &learned->argument[i];
    if (argument->kind == UDE_ARGUMENT_OUTPUT) {
      if (argument->single) {
        LLVMValueRef  index = word_constant(&m, out);
        ude_field_run run   = {.member = {.count = argument->count}, .single = true};
        move_run(&m, false, &run, LLVMBuildGEP2(m.builder, m.real, y, &index, 1, ""), arguments[i]);
      }
      out += argument->count;
    }
  }
  if (learned->returns) {
    LLVMValueRef index = word_constant(&m, out);
    result = learned->returns_single ? LLVMBuildFPExt(m.builder, result, m.real, "") : result;
    LLVMBuildStore(m.builder, result, LLVMBuildGEP2(m.builder, m.real, y, &index, 1, ""));
  }
  free(arguments);
  return end(&m);
}
