/* A model: machine code in memory, the table of its functions, its names and defaults. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/build.h"
#include "compiler/entries.h"
#include "compiler/jit.h"
#include "compiler/later.h"
#include "compiler/loaded.h"
#include "compiler/model_events.h"
#include "compiler/runtime.h"
#include "compiler/specialise.h"

struct ude_model {
  ude_vector_field field;
  ude_reflection   reflection;
  ude_jit         *jit;
  bool             from_cache;
  ude_entry        entries[UDE_MAPS];
  ude_entry       *learned_entries;
  ude_learned     *learned;
  ude_member      *members[UDE_STRUCTS];
  double          *u0, *p0, *mass, *zeros;
  ude_flat_value   probe;
  void (*draw)(double *sample, ude_rng *random, const double *p, double t);
  ude_model_events events; /**< directions, terminal events, constant times */
  ude_text         names;  /**< learned argument names, one after the other */
  const char     **name_list;
  char            *title;
  ude_kernel      *kernels;
  ude_later        later;
  ude_text         ir; /**< bitcode of the flat maps; empty without UDE_SPARSITY */
};

/* ------------------------------------------------------------------------------------ load -- */

static ude_status fill_layouts(ude_model *model, ude_error *error) {
  ude_layout *const layouts[UDE_STRUCTS] = {&model->field.state, &model->field.param,
                                            &model->field.observation, &model->field.sample,
                                            &model->field.terms};
  for (int i = 0; i < UDE_STRUCTS; i++) {
    const ude_struct_shape *shape = &model->reflection.structs[i];
    model->members[i]             = ude_calloc((size_t)shape->runs, sizeof(ude_member));
    if (!model->members[i]) {
      return ude_fail_memory(error, "the model's names");
    }
    for (int64_t j = 0; j < shape->runs; j++) {
      model->members[i][j] = shape->run[j].member;
    }
    *layouts[i] =
        (ude_layout){.count = shape->reals, .members = shape->runs, .member = model->members[i]};
  }
  return UDE_OK;
}

/* The flat vector of a struct in memory. */
static ude_status read_defaults(ude_model *model, int which, const char *symbol, double **values,
                                ude_error *error) {
  const ude_struct_shape *shape = &model->reflection.structs[which];
  const char             *image = ude_jit_find(model->jit, symbol, error);
  *values                       = image ? ude_calloc((size_t)shape->reals, sizeof **values) : NULL;
  if (!*values) {
    return image ? ude_fail_memory(error, symbol) : UDE_INTERNAL;
  }
  for (int64_t i = 0; i < shape->runs; i++) {
    const ude_field_run *run = &shape->run[i];
    for (int64_t j = 0; j < run->member.count; j++) {
      float  single = 0;
      double value  = 0;
      if (run->single) {
        memcpy(&single, image + run->offset + j * (int64_t)sizeof single, sizeof single);
        value = (double)single;
      } else {
        memcpy(&value, image + run->offset + j * (int64_t)sizeof value, sizeof value);
      }
      (*values)[run->member.first + j] = value;
    }
  }
  return UDE_OK;
}

static ude_flat_jvp find_jvp(ude_model *model, const char *kind, const char *map,
                             ude_error *error) {
  char         name[UDE_FLAT_NAME];
  void        *address = ude_jit_find(model->jit, ude_flat_name(name, kind, map), error);
  ude_flat_jvp function;
  memcpy(&function, &address, sizeof function);
  return function;
}

static ude_status find_entry(ude_model *model, const char *map, unsigned derivatives,
                             ude_entry *entry, ude_error *error) {
  char  name[UDE_FLAT_NAME];
  void *address = ude_jit_find(model->jit, ude_flat_name(name, "value", map), error);
  memcpy(&entry->value, &address, sizeof address);
  if (address && (derivatives & UDE_DERIVATIVE_JVP)) {
    if (ude_build_postpones(derivatives)) {
      ude_status status = ude_later_add(&model->later, entry, map, error);
      if (status) {
        return status;
      }
    } else {
      entry->jvp      = find_jvp(model, "jvp", map, error);
      entry->jvp_wide = find_jvp(model, "wide", map, error);
      if (!entry->jvp || !entry->jvp_wide) {
        return UDE_INTERNAL;
      }
    }
  }
  if (address && (derivatives & UDE_DERIVATIVE_HVP)) {
    address = ude_jit_find(model->jit, ude_flat_name(name, "hvp", map), error);
    memcpy(&entry->hvp, &address, sizeof address);
    address =
        address ? ude_jit_find(model->jit, ude_flat_name(name, "hvp.wide", map), error) : NULL;
    memcpy(&entry->hvp_wide, &address, sizeof address);
  }
  if (address && (derivatives & UDE_DERIVATIVE_VJP)) {
    address = ude_jit_find(model->jit, ude_flat_name(name, "vjp", map), error);
    memcpy(&entry->vjp, &address, sizeof address);
  }
  if (address && (derivatives & UDE_DERIVATIVE_JET)) {
    address = ude_jit_find(model->jit, ude_flat_name(name, "jet", map), error);
    memcpy(&entry->jet, &address, sizeof address);
  }
  return address ? UDE_OK : UDE_INTERNAL;
}

static void find_lanes(ude_model *model, const char *map, ude_entry *entry) {
  char  name[UDE_FLAT_NAME];
  void *address = ude_jit_find(model->jit, ude_flat_name(name, "lanes.value", map), NULL);
  memcpy(&entry->value_lanes, &address, sizeof address);
  address = ude_jit_find(model->jit, ude_flat_name(name, "lanes.jvp", map), NULL);
  memcpy(&entry->jvp_lanes, &address, sizeof address);
  address = ude_jit_find(model->jit, ude_flat_name(name, "lanes.vjp", map), NULL);
  memcpy(&entry->vjp_lanes, &address, sizeof address);
  entry->lanes = ude_build_lanes(&model->reflection);
}

static int draw(double *sample, ude_rng *random, void *context) {
  const ude_model *model = context;
  model->draw(sample, random, NULL, 0);
  return 0;
}

/* Where the vector field has its maps. */
static const size_t place_of_map[UDE_MAPS] = {offsetof(ude_vector_field, rhs),
                                              offsetof(ude_vector_field, initial),
                                              offsetof(ude_vector_field, observe),
                                              offsetof(ude_vector_field, terminal_cost),
                                              offsetof(ude_vector_field, running_cost),
                                              offsetof(ude_vector_field, penalty),
                                              offsetof(ude_vector_field, cost),
                                              offsetof(ude_vector_field, events.roots),
                                              offsetof(ude_vector_field, events.affect),
                                              offsetof(ude_vector_field, events.schedule),
                                              offsetof(ude_vector_field, events.discontinuities),
                                              offsetof(ude_vector_field, loss)};

static ude_map *map_of(ude_vector_field *field, int which) {
  return (ude_map *)(void *)((char *)field + place_of_map[which]);
}

static ude_status fill_maps(ude_model *model, unsigned derivatives, ude_error *error) {
  ude_vector_field       *field          = &model->field;
  const ude_event_counts *events         = &model->reflection.events;
  int64_t                 n              = field->state.count;
  const int64_t           rows[UDE_MAPS] = {n,
                                            n,
                                            field->observation.count,
                                            1,
                                            1,
                                            1,
                                            1,
                                            events->count,
                                            n,
                                            events->scheduled,
                                            events->discontinuities,
                                            field->terms.count};
  const int64_t columns[UDE_MAPS] = {n, 0, n, n, n, 0, n, n, n + 1, 0, 0, field->sample.count};
  for (int i = 0; i < UDE_MAPS; i++) {
    if (model->reflection.map[i]) {
      ude_entry *entry  = &model->entries[i];
      *entry            = (ude_entry){.rows    = rows[i],
                                      .columns = columns[i],
                                      .params  = field->param.count,
                                      .zeros   = model->zeros};
      ude_status status = find_entry(model, ude_map_names[i], derivatives, entry, error);
      if (status) {
        return status;
      }
      ude_entry_fill(entry, UDE_BUILD_WIDTH, map_of(field, i));
      ude_later_fill(entry, UDE_BUILD_WIDTH, map_of(field, i));
      if (derivatives & UDE_LANES) {
        find_lanes(model, ude_map_names[i], entry);
        ude_entry_fill_lanes(entry, map_of(field, i));
      }
    }
  }
  if (model->reflection.has_draw) {
    char  name[UDE_FLAT_NAME];
    void *address = ude_jit_find(model->jit, ude_flat_name(name, "value", "draw"), error);
    if (!address) {
      return UDE_INTERNAL;
    }
    memcpy(&model->draw, &address, sizeof address);
    field->draw         = draw;
    field->draw_context = model;
  }
  if (field->rhs.jet) {
    field->taylor         = ude_entry_taylor;
    field->taylor_context = &model->entries[UDE_MAP_RHS];
  }
  return UDE_OK;
}

static int probe(const double *u, const double *p, double t, ude_record_fn record, void *sink,
                 void *context) {
  const ude_model *model = context;
  double          *y     = malloc((size_t)(model->field.state.count + 1) * sizeof *y);
  if (!y) {
    return -1;
  }
  ude_runtime_set_recorder(record, sink);
  model->probe(y, u, p, t);
  ude_runtime_set_recorder(NULL, NULL);
  free(y);
  return 0;
}

/* Names of the scalars of a learned function's inputs or outputs, into the model's text. */
static int64_t append_names(ude_model *model, const ude_learned_shape *learned, bool inputs) {
  int64_t count = 0;
  for (int j = 0; j < learned->arguments; j++) {
    const ude_learned_argument *argument = &learned->argument[j];
    bool array = argument->kind == (inputs ? UDE_ARGUMENT_INPUT : UDE_ARGUMENT_OUTPUT);
    if (inputs && argument->kind == UDE_ARGUMENT_SCALAR) {
      ude_text_append(&model->names, "%s", argument->name);
      ude_text_append_bytes(&model->names, "", 1);
      count++;
    }
    for (int64_t k = 0; array && k < argument->count; k++) {
      ude_text_append(&model->names, "%s[%lld]", argument->name, (long long)k);
      ude_text_append_bytes(&model->names, "", 1);
      count++;
    }
  }
  if (!inputs && learned->returns) {
    ude_text_append_bytes(&model->names, "return", sizeof "return");
    count++;
  }
  return count;
}

static ude_status fill_learned(ude_model *model, unsigned derivatives, ude_error *error) {
  int64_t count          = model->reflection.learned_count;
  int64_t names          = 0;
  model->learned         = ude_calloc((size_t)count, sizeof *model->learned);
  model->learned_entries = ude_calloc((size_t)count, sizeof *model->learned_entries);
  if (!model->learned || !model->learned_entries) {
    return ude_fail_memory(error, "learned functions");
  }
  for (int64_t i = 0; i < count; i++) {
    const ude_learned_shape *shape = &model->reflection.learned[i];
    ude_entry               *entry = &model->learned_entries[i];
    char                     map[UDE_FLAT_NAME];
    ude_build_learned_name(map, shape);
    *entry = (ude_entry){.rows    = shape->rows,
                         .columns = shape->columns,
                         .params  = model->field.param.count,
                         .zeros   = model->zeros};
    ude_status status =
        find_entry(model, map, derivatives & ~(unsigned)(UDE_DERIVATIVE_HVP | UDE_DERIVATIVE_JET),
                   entry, error);
    if (status) {
      return status;
    }
    model->learned[i].name       = shape->name;
    model->learned[i].param_name = NULL;
    ude_entry_fill(entry, UDE_BUILD_WIDTH, &model->learned[i].map);
    ude_later_fill(entry, UDE_BUILD_WIDTH, &model->learned[i].map);
    for (int j = 0; j < shape->arguments; j++) {
      if (shape->argument[j].kind == UDE_ARGUMENT_PARAM) {
        model->learned[i].param_name = shape->argument[j].name;
      }
    }
    names += append_names(model, shape, true);
    names += append_names(model, shape, false);
  }
  model->name_list = ude_calloc((size_t)names, sizeof *model->name_list);
  if (!model->name_list || model->names.failed) {
    return ude_fail_memory(error, "learned functions");
  }
  const char *at = model->names.data;
  for (int64_t i = 0; i < names; i++) {
    model->name_list[i] = at;
    at += strlen(at) + 1;
  }
  const char **next = model->name_list;
  for (int64_t i = 0; i < count; i++) {
    model->learned[i].input_names = next;
    next += model->reflection.learned[i].columns;
    model->learned[i].output_names = next;
    next += model->reflection.learned[i].rows;
  }
  model->field.learned       = model->learned;
  model->field.learned_count = count;
  if (count > 0 && model->reflection.map[UDE_MAP_RHS]) {
    void *address = ude_jit_find(model->jit, "ude.probe.rhs", error);
    memcpy(&model->probe, &address, sizeof address);
    model->field.probe         = address ? probe : NULL;
    model->field.probe_context = model;
    return address ? UDE_OK : UDE_INTERNAL;
  }
  return UDE_OK;
}

/* Those that were made. */
static ude_status find_kernels(ude_model *model, const ude_compile_options *options,
                               ude_error *error) {
  size_t count   = options->specialise_count;
  model->kernels = ude_calloc(count, sizeof *model->kernels);
  if (!model->kernels) {
    return ude_fail_memory(error, "specialised steps");
  }
  model->field.kernels = model->kernels;
  for (size_t i = 0; i < count; i++) {
    char        symbol[UDE_FLAT_NAME];
    const char *method = ude_specialise_name(options->specialise[i]);
    void       *address =
        method ? ude_jit_find(model->jit, ude_flat_name(symbol, "kernel", method), NULL) : NULL;
    if (address) {
      ude_kernel *kernel = &model->kernels[model->field.kernel_count++];
      *kernel            = (ude_kernel){.method  = method,
                                        .states  = model->field.state.count,
                                        .context = model->field.rhs.context,
                                        .mass    = model->mass};
      memcpy(&kernel->march, &address, sizeof address);
    }
  }
  return UDE_OK;
}

static ude_status load(ude_model *model, ude_cache_entry *entry, const char *key,
                       const ude_compile_options *options, ude_error *error) {
  unsigned   derivatives = options->derivatives;
  ude_status status      = ude_jit_create(&model->jit, error);
  if (status == UDE_OK && ude_build_postpones(derivatives)) {
    status = ude_later_begin(&model->later, model->jit, entry, options->cache_dir, key, error);
  }
  for (int i = 0; i < UDE_OBJECTS && status == UDE_OK; i++) {
    const ude_text *object = &entry->object[i];
    if (i == UDE_OBJECT_IR || i == UDE_OBJECT_LATER) {
      continue;
    }
    status = object->length ? ude_jit_add(model->jit, object->data, object->length, "model", error)
                            : UDE_OK;
  }
  if (status == UDE_OK) {
    status = fill_layouts(model, error);
  }
  if (status) {
    return status;
  }
  int64_t largest = 1;
  for (int i = 0; i < UDE_STRUCTS; i++) {
    int64_t reals = model->reflection.structs[i].reals;
    largest       = reals + 1 > largest ? reals + 1 : largest; /* affect has one more */
  }
  largest = model->reflection.events.count > largest ? model->reflection.events.count : largest;
  for (int64_t i = 0; i < model->reflection.learned_count; i++) {
    int64_t columns = model->reflection.learned[i].columns;
    largest         = columns > largest ? columns : largest;
  }
  enum {
    BLOCK = (int)UDE_BUILD_MOST_LANES > (int)UDE_BUILD_WIDTH ? (int)UDE_BUILD_MOST_LANES
                                                             : (int)UDE_BUILD_WIDTH
  };
  model->zeros = ude_calloc((size_t)largest, BLOCK * sizeof *model->zeros);
  if (!model->zeros) {
    return ude_fail_memory(error, "the model");
  }
  status = fill_maps(model, derivatives, error);
  if (status == UDE_OK && model->reflection.has_u0) {
    status = read_defaults(model, UDE_STRUCT_STATE, "u0", &model->u0, error);
  }
  if (status == UDE_OK && model->reflection.has_p0) {
    status = read_defaults(model, UDE_STRUCT_PARAM, "p0", &model->p0, error);
  }
  if (status == UDE_OK && model->reflection.has_mass) {
    status = read_defaults(model, UDE_STRUCT_STATE, "mass", &model->mass, error);
  }
  if (status == UDE_OK && model->reflection.has_tspan) {
    const void *tspan = ude_jit_find(model->jit, "tspan", error);
    status            = tspan ? UDE_OK : UDE_INTERNAL;
    if (tspan) {
      memcpy(model->field.tspan, tspan, sizeof model->field.tspan);
      model->field.has_tspan = true;
    }
  }
  if (status == UDE_OK) {
    status = ude_model_events_load(&model->events, model->jit, &model->reflection.events,
                                   &model->field, error);
  }
  model->field.u0   = model->u0;
  model->field.p0   = model->p0;
  model->field.mass = model->mass;
  if (status == UDE_OK && (derivatives & UDE_PROBE)) {
    status = fill_learned(model, derivatives, error);
  }
  if (status == UDE_OK && entry->object[UDE_OBJECT_KERNEL].length > 0) {
    status = find_kernels(model, options, error);
  }
  return status                   ? status
         : model->field.rhs.value ? ude_vector_field_check(&model->field, error)
                                  : ude_vector_field_check_loss(&model->field, error);
}

void ude_model_free(ude_model *model) {
  if (model) {
    ude_later_end(&model->later);
    ude_jit_free(model->jit);
    ude_reflection_free(&model->reflection);
    for (int i = 0; i < UDE_STRUCTS; i++) {
      free(model->members[i]);
    }
    free(model->learned_entries);
    free(model->learned);
    free(model->name_list);
    ude_text_free(&model->names);
    free(model->u0);
    free(model->p0);
    free(model->mass);
    ude_model_events_free(&model->events);
    free(model->kernels);
    free(model->zeros);
    free(model->title);
    ude_text_free(&model->ir);
    free(model);
  }
}

ude_status ude_model_compile(const char *const *files, size_t file_count,
                             const ude_compile_options *options, ude_model **model,
                             ude_error *error) {
  static const ude_compile_options none = {0};
  ude_error                        own  = {0};
  error                                 = error ? error : &own;
  options                               = options ? options : &none;
  *model                                = NULL;
  if (file_count == 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "a model needs at least one C file");
  }
  char            key[UDE_SHA256_TEXT];
  ude_cache_entry entry  = {0};
  ude_status      status = ude_cache_key(files, file_count, options, key, error);
  if (status) {
    return status;
  }
  ude_model *made = ude_calloc(1, sizeof *made);
  if (made) {
    made->title = strdup(files[0]);
  }
  if (!made || !made->title) {
    free(made);
    return ude_fail_memory(error, "a model");
  }
  made->field.name = made->title;
  if (options->cache_dir && ude_cache_load(options->cache_dir, key, &entry)) {
    made->from_cache = ude_reflection_read(entry.reflection.data, entry.reflection.length,
                                           &made->reflection, NULL) == UDE_OK;
  }
  if (!made->from_cache) {
    ude_cache_entry_free(&entry);
    status = ude_build(files, file_count, options, &made->reflection, &entry, error);
    if (status == UDE_OK && options->cache_dir && entry.dependencies.length > 0) {
      ude_cache_store(options->cache_dir, key, &entry);
    }
  }
  if (status == UDE_OK) {
    status = load(made, &entry, key, options, error);
  }
  made->ir                    = entry.object[UDE_OBJECT_IR];
  entry.object[UDE_OBJECT_IR] = (ude_text){0};
  ude_cache_entry_free(&entry);
  if (status) {
    ude_model_free(made);
    return status;
  }
  *model = made;
  return UDE_OK;
}

const ude_vector_field *ude_model_vector_field(const ude_model *model) {
  return &model->field;
}

bool ude_model_from_cache(const ude_model *model) {
  return model->from_cache;
}

const ude_map *ude_model_map(const ude_model *model, int which) {
  return (const ude_map *)(const void *)((const char *)&model->field + place_of_map[which]);
}

const ude_text *ude_model_ir(const ude_model *model) {
  return &model->ir;
}

const ude_reflection *ude_model_reflection(const ude_model *model) {
  return &model->reflection;
}

const char *ude_model_image(const ude_model *model, int which) {
  const ude_reflection *of = &model->reflection;
  return which == UDE_STRUCT_STATE && of->has_u0   ? ude_jit_find(model->jit, "u0", NULL)
         : which == UDE_STRUCT_PARAM && of->has_p0 ? ude_jit_find(model->jit, "p0", NULL)
                                                   : NULL;
}
