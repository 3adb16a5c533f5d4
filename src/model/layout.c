/* Names and shapes of flat vectors. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ude/vector_field.h>

bool ude_layout_has_single(const ude_layout *layout) {
  for (int64_t i = 0; i < layout->members; i++) {
    if (layout->member[i].single) {
      return true;
    }
  }
  return false;
}

const ude_member *ude_layout_member(const ude_layout *layout, int64_t i) {
  if (i < 0 || i >= layout->count || layout->members == 0) {
    return NULL;
  }
  int64_t low  = 0;
  int64_t high = layout->members - 1;
  while (low < high) {
    int64_t middle = (low + high + 1) / 2;
    if (layout->member[middle].first <= i) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return &layout->member[low];
}

char *ude_layout_name(const ude_layout *layout, int64_t i, const char *fallback, char *buffer,
                      size_t size) {
  const ude_member *member = ude_layout_member(layout, i);
  if (!member) {
    snprintf(buffer, size, "%s[%lld]", fallback, (long long)i);
    return buffer;
  }
  int     length = snprintf(buffer, size, "%s", member->name);
  size_t  used   = length < 0 ? 0 : (size_t)length;
  int64_t rest   = member->count;
  int64_t at     = i - member->first;
  for (int d = 0; d < member->rank && used < size; d++) {
    rest /= member->extents[d];
    length = snprintf(buffer + used, size - used, "[%lld]", (long long)(at / rest));
    at %= rest;
    used += length < 0 ? 0 : (size_t)length;
  }
  return buffer;
}

/* "[3][4]" against the extents; the offset, or -1. */
static int64_t parse_indices(const char *text, int rank, const int64_t *extents) {
  int64_t offset = 0;
  for (int d = 0; d < rank; d++) {
    char *end = NULL;
    if (text[0] != '[' || text[1] < '0' || text[1] > '9') {
      return -1;
    }
    long long index = strtoll(text + 1, &end, 10);
    if (*end != ']' || index >= extents[d]) {
      return -1;
    }
    offset = offset * extents[d] + index;
    text   = end + 1;
  }
  return *text == '\0' ? offset : -1;
}

int64_t ude_layout_find(const ude_layout *layout, const char *name, const char *fallback) {
  if (layout->members == 0) {
    size_t length = strlen(fallback);
    return strncmp(name, fallback, length) == 0 ? parse_indices(name + length, 1, &layout->count)
                                                : -1;
  }
  for (int64_t m = 0; m < layout->members; m++) {
    const ude_member *member = &layout->member[m];
    size_t            length = strlen(member->name);
    if (strncmp(name, member->name, length) == 0) {
      int64_t offset = parse_indices(name + length, member->rank, member->extents);
      if (offset >= 0) {
        return member->first + offset;
      }
    }
  }
  return -1;
}

/* ------------------------------------------------------------------------------------ check -- */

static ude_status check_layout(const ude_layout *layout, const char *what, ude_error *error) {
  if (layout->count < 0 || layout->members < 0 || (layout->members > 0 && !layout->member)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "vector field: the %s layout has a negative count "
                    "or no members",
                    what);
  }
  int64_t next = 0;
  for (int64_t m = 0; m < layout->members; m++) {
    const ude_member *member = &layout->member[m];
    int64_t           count  = 1;
    for (int d = 0; d < member->rank && d < UDE_MAX_RANK; d++) {
      count *= member->extents[d];
    }
    if (!member->name || member->first != next || member->count != count || count < 0 ||
        member->rank < 0 || member->rank > UDE_MAX_RANK) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "vector field: member %lld ('%s') of the %s layout is inconsistent",
                      (long long)m, member->name ? member->name : "", what);
    }
    next += count;
  }
  if (layout->members > 0 && next != layout->count) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "vector field: the members of the %s layout cover %lld of %lld scalars", what,
                    (long long)next, (long long)layout->count);
  }
  return UDE_OK;
}

static ude_status check_map(const ude_map *map, const char *what, int64_t rows, int64_t columns,
                            ude_error *error) {
  if (!map->value) {
    return map->jvp || map->vjp || map->jvp_wide
               ? ude_fail(error, UDE_INVALID_ARGUMENT,
                          "vector field: %s has derivatives but no value", what)
               : UDE_OK;
  }
  if (map->rows != rows || map->columns != columns) {
    return ude_fail(
        error, UDE_INVALID_ARGUMENT, "vector field: %s is %lld x %lld, but must be %lld x %lld",
        what, (long long)map->rows, (long long)map->columns, (long long)rows, (long long)columns);
  }
  if (map->jvp_wide && map->width < 1) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "vector field: %s has jvp_wide but width %lld",
                    what, (long long)map->width);
  }
  return UDE_OK;
}

/* A count belongs to each function and the other way round. */
static ude_status check_count(int64_t count, const ude_map *map, const char *what,
                              ude_error *error) {
  if (count < 0 || (count > 0) != (map->value != NULL)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "vector field: %lld %s, but their function is %s",
                    (long long)count, what, map->value ? "given" : "missing");
  }
  return UDE_OK;
}

static ude_status check_events(const ude_vector_field *field, ude_error *error) {
  const ude_events *events = &field->events;
  int64_t           n      = field->state.count;
  const struct {
    const ude_map *map;
    const char    *name;
    int64_t        rows, columns;
  } maps[] = {
      {&events->roots, "events", events->count, n},
      {&events->schedule, "schedule", events->schedule_count, 0},
      {&events->discontinuities, "discontinuities", events->discontinuity_count, 0},
      {&events->affect, "affect", n, n + 1},
  };
  ude_status status = check_count(events->count, &events->roots, "root events", error);
  if (status == UDE_OK) {
    status = check_count(events->schedule_count, &events->schedule, "scheduled events", error);
  }
  if (status == UDE_OK) {
    status = check_count(events->discontinuity_count, &events->discontinuities, "discontinuities",
                         error);
  }
  for (size_t i = 0; i < sizeof maps / sizeof maps[0] && status == UDE_OK; i++) {
    status = check_map(maps[i].map, maps[i].name, maps[i].rows, maps[i].columns, error);
  }
  return status;
}

static ude_status check_tables(const ude_vector_field *field, ude_error *error) {
  int64_t n = field->state.count;
  const struct {
    const ude_map *map;
    const char    *name;
    int64_t        rows, columns;
  } maps[] = {
      {&field->rhs, "rhs", n, n},
      {&field->initial, "initial", n, 0},
      {&field->observe, "observe", field->observation.count, n},
      {&field->terminal_cost, "terminal_cost", 1, n},
      {&field->running_cost, "running_cost", 1, n},
      {&field->penalty, "penalty", 1, 0},
      {&field->cost, "cost", 1, n},
      {&field->loss, "loss", field->terms.count, field->sample.count},
  };
  ude_status status = check_layout(&field->state, "state", error);
  status            = status ? status : check_layout(&field->param, "param", error);
  status            = status ? status : check_layout(&field->observation, "observation", error);
  status            = status ? status : check_layout(&field->sample, "sample", error);
  status            = status ? status : check_layout(&field->terms, "loss", error);
  for (size_t i = 0; i < sizeof maps / sizeof maps[0] && status == UDE_OK; i++) {
    status = check_map(maps[i].map, maps[i].name, maps[i].rows, maps[i].columns, error);
  }
  return status ? status : check_events(field, error);
}

ude_status ude_vector_field_check(const ude_vector_field *field, ude_error *error) {
  if (!field || !field->rhs.value) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "vector field: rhs is missing");
  }
  return check_tables(field, error);
}

ude_status ude_vector_field_check_loss(const ude_vector_field *field, ude_error *error) {
  if (!field || !field->loss.value || !field->draw) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "vector field: %s is missing",
                    field && field->loss.value ? "draw" : "loss");
  }
  return check_tables(field, error);
}
