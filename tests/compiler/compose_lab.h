/**
 * @file compose_lab.h
 * @brief Derivatives of derivatives of the maps of a text: directional maps, their derivatives, second derivatives.
 *
 * The directional map of a map is the flat map
 *     (y, y_dot) = D((u, u_dot), (p, p_dot, t_dot), t)
 * of its forward derivative of width 1; it has derivatives and a directional map of its own.
 */
#ifndef UDE_TESTS_COMPOSE_LAB_H
#define UDE_TESTS_COMPOSE_LAB_H

#include "support/ir_lab.h"

typedef int (*lab_second_fn)(double *y, double *y_dot, double *y_bar, double *y_bar_dot,
                             const double *u, const double *u_dot, double *u_bar, double *u_bar_dot,
                             const double *p, const double *p_dot, double *p_bar, double *p_bar_dot,
                             double t, const double *t_dot, double *t_bar, double *t_bar_dot);

/** A map with its sizes. */
typedef struct compose_case {
  const char *name; /**< without "map_" */
  int         rows, columns, params;
} compose_case;

/** Sizes of the directional map. */
UDE_TEST_UNUSED static compose_case compose_next(const compose_case *c, const char *name) {
  return (compose_case){name, 2 * c->rows, 2 * c->columns, 2 * c->params + 1};
}

/** Emit the directional map `name` around `jvp`, the forward derivative of width 1. */
UDE_TEST_UNUSED static LLVMValueRef compose_directional(lab *l, LLVMValueRef jvp,
                                                        const compose_case *c, const char *name) {
  LLVMTypeRef  real = LLVMDoubleTypeInContext(l->context), none = LLVMVoidTypeInContext(l->context);
  LLVMTypeRef  pointer  = LLVMPointerTypeInContext(l->context, 0);
  LLVMTypeRef  types[4] = {pointer, pointer, pointer, real};
  LLVMValueRef f        = LLVMAddFunction(l->module, name, LLVMFunctionType(none, types, 4, false));
  LLVMBuilderRef b      = LLVMCreateBuilderInContext(l->context);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(l->context, f, ""));
  const int    half[3] = {c->rows, c->columns, c->params};
  LLVMValueRef arguments[8];
  for (unsigned k = 0; k < 3; k++) {
    LLVMValueRef at  = LLVMConstInt(LLVMInt64TypeInContext(l->context), (unsigned)half[k], false);
    arguments[2 * k] = LLVMGetParam(f, k);
    arguments[2 * k + 1] = LLVMBuildInBoundsGEP2(b, real, LLVMGetParam(f, k), &at, 1, "");
  }
  LLVMValueRef at =
      LLVMConstInt(LLVMInt64TypeInContext(l->context), 2U * (unsigned)c->params, false);
  arguments[6] = LLVMGetParam(f, 3);
  arguments[7] = LLVMBuildInBoundsGEP2(b, real, LLVMGetParam(f, 2), &at, 1, "");
  LLVMBuildCall2(b, LLVMGlobalGetValueType(jvp), jvp, arguments, 8, "");
  LLVMBuildRetVoid(b);
  LLVMDisposeBuilder(b);
  static const char *const attributes[] = {"noalias", "nocapture"};
  for (unsigned k = 1; k <= 3; k++) {
    for (int j = 0; j < 2; j++) {
      unsigned kind = LLVMGetEnumAttributeKindForName(attributes[j], strlen(attributes[j]));
      LLVMAddAttributeAtIndex(f, k, LLVMCreateEnumAttribute(l->context, kind, 0));
    }
  }
  return f;
}

UDE_TEST_UNUSED static void compose_derive(lab *l, const char *map) {
  LLVMValueRef f = LLVMGetNamedFunction(l->module, map);
  char         name[300];
  for (int w = 0; w < 2; w++) {
    snprintf(name, sizeof name, "jvp%d_%s", lab_widths[w], map);
    ck_assert_msg(ude_emit_jvp(l->module, f, lab_widths[w], name, &l->error) != NULL, "%s: %s", map,
                  l->error.message);
  }
  snprintf(name, sizeof name, "vjp_%s", map);
  ck_assert_msg(ude_emit_vjp(l->module, f, name, &l->error) != NULL, "%s: %s", map,
                l->error.message);
}

/**
 * Compile the text; emit for every map x of the cases: d1_x and, for every `thinned`-th (0: none), d2_x, directional
 * maps of the first and second order with all their derivatives; second1_x and second3_x, second derivatives of
 * width 1 and 3.
 */
UDE_TEST_UNUSED static void compose_open(lab *l, const char *text, const compose_case *cases,
                                         int count, int thinned, bool quick) {
  static LLVMValueRef maps[4096];
  *l = (lab){.context = LLVMContextCreate()};
  ck_assert(lab_clang(l, text));
  ck_assert_msg(!ude_pipeline_target(&l->machine, &l->error), "%s", l->error.message);
  ude_coerce_structs(l->module);
  ude_clang_output rules[UDE_RULE_FILES];
  ude_status       linked =
      ude_library_rules_link(l->module, &(ude_compile_options){0}, rules, &l->error);
  for (int k = 0; k < UDE_RULE_FILES; k++) {
    ude_clang_output_free(&rules[k]);
  }
  ck_assert_msg(!linked && !ude_request_gather(l->module, &l->error) &&
                    !ude_user_rules_gather(l->module, &l->error),
                "%s", l->error.message);
  lab_maps(l, maps, 4096);
  for (int level = 0; level < (thinned ? 3 : 2); level++) {
    ck_assert_msg(!ude_pipeline_canonical(l->module, l->machine, &l->error), "%s",
                  l->error.message);
    for (int k = 0; k < count; k++) {
      char         map[256], derived[300];
      compose_case c = cases[k];
      if (level == 2 && k % thinned) {
        continue;
      }
      const char *kind[] = {"map", "d1", "d2"};
      snprintf(map, sizeof map, "%s_%s", kind[level], c.name);
      for (int j = 0; j < level; j++) {
        c = compose_next(&c, c.name);
      }
      LLVMValueRef f = LLVMGetNamedFunction(l->module, map);
      ck_assert_msg(f != NULL, "%s", map);
      if (level == 1) { /* the inner derivatives are optimised by now */
        for (int w = 0; w < 2; w++) {
          snprintf(derived, sizeof derived, "inner_%s", c.name);
          LLVMValueRef inner = LLVMGetNamedFunction(l->module, derived);
          snprintf(derived, sizeof derived, "second%d_%s", lab_widths[w], c.name);
          ck_assert_msg(ude_emit_hvp(l->module, inner, lab_widths[w], derived, &l->error) != NULL,
                        "%s: %s", map, l->error.message);
        }
      }
      if (level == 0) {
        snprintf(derived, sizeof derived, "inner_%s", c.name);
        ck_assert_msg(ude_emit_vjp_inner(l->module, f, derived, &l->error) != NULL, "%s: %s", map,
                      l->error.message);
      }
      compose_derive(l, map);
      if (level == 0 || (level == 1 && thinned && k % thinned == 0)) {
        snprintf(derived, sizeof derived, "jvp1_%s", map);
        LLVMValueRef jvp = LLVMGetNamedFunction(l->module, derived);
        snprintf(derived, sizeof derived, "%s_%s", kind[level + 1], cases[k].name);
        compose_directional(l, jvp, &c, derived);
      }
    }
    lab_verify(l, "composed");
  }
  LLVMMemoryBufferRef object = NULL;
  ude_user_rules_finish(l->module);
  lab_object(l, quick, &object);
  ck_assert_msg(!ude_jit_create(&l->jit, &l->error), "%s", l->error.message);
  ck_assert_msg(
      !ude_jit_add(l->jit, LLVMGetBufferStart(object), LLVMGetBufferSize(object), "lab", &l->error),
      "%s", l->error.message);
  LLVMDisposeMemoryBuffer(object);
}

/* Smooth directions and weights. */
UDE_TEST_UNUSED static double compose_direction(int i, int k) {
  return 0.9 * sin(1.7 * i + 0.6 * k + 0.3) + 0.2;
}

/**
 * The derivatives of u_bar, p_bar, t_bar along `width` directions by second derivatives, and by reverse over forward
 * (the adjoint of the directional map): double[columns + params + 1][width] each.
 */
UDE_TEST_UNUSED static void compose_second(lab *l, const compose_case *c, const double *u,
                                           const double *p, double t, int width, double *forward,
                                           double *reverse, double *gradient) {
  char kind[16], map[256];
  snprintf(kind, sizeof kind, "second%d_", width);
  lab_second_fn second = (lab_second_fn)lab_find(l, kind, c->name);
  snprintf(map, sizeof map, "d1_%s", c->name);
  lab_vjp_fn d1 = (lab_vjp_fn)lab_find(l, "vjp_", map);
  int        n = c->columns, m = c->params, inputs = n + m + 1, rows = c->rows;
  size_t     w   = (size_t)width;
  double    *dot = lab_zeros((size_t)inputs * w), *bar = lab_zeros((size_t)inputs);
  double    *y = lab_zeros((size_t)rows * (w + 1)), *y_bar = lab_zeros((size_t)rows * (w + 1));
  for (int i = 0; i < inputs; i++) {
    for (int k = 0; k < width; k++) {
      dot[(size_t)i * w + (size_t)k] = compose_direction(i, k);
    }
  }
  for (int r = 0; r < rows; r++) {
    y_bar[r] = 1.0 / (1 + r);
  }
  memset(forward, 0, (size_t)inputs * w * sizeof *forward);
  int failed =
      second(y, y + rows, y_bar, y_bar + rows, u, dot, bar, forward, p, dot + n * width, bar + n,
             forward + n * width, t, dot + (n + m) * width, bar + n + m, forward + (n + m) * width);
  ck_assert_int_eq(failed, 0);
  for (int r = 0; r < rows * (width + 1); r++) {
    ck_assert_msg(y_bar[r] == 0, "%s: y_bar or its tangent is not consumed", c->name);
  }
  memcpy(gradient, bar, (size_t)inputs * sizeof *bar);
  double *u2 = lab_zeros(2 * (size_t)n), *p2 = lab_zeros(2 * (size_t)m + 1);
  double *u2_bar = lab_zeros(2 * (size_t)n), *p2_bar = lab_zeros(2 * (size_t)m + 1);
  double *y2 = lab_zeros(2 * (size_t)rows), *y2_bar = lab_zeros(2 * (size_t)rows);
  for (int k = 0; k < width; k++) {
    double t_bar = 0;
    memcpy(u2, u, (size_t)n * sizeof *u2);
    memcpy(p2, p, (size_t)m * sizeof *p2);
    for (int i = 0; i < inputs; i++) {
      *(i < n ? &u2[n + i] : &p2[m + i - n]) = compose_direction(i, k);
    }
    memset(u2_bar, 0, 2 * (size_t)n * sizeof *u2);
    memset(p2_bar, 0, (2 * (size_t)m + 1) * sizeof *p2);
    for (int r = 0; r < rows; r++) {
      y2_bar[r]        = 0;
      y2_bar[rows + r] = 1.0 / (1 + r);
    }
    ck_assert_int_eq(d1(y2, y2_bar, u2, u2_bar, p2, p2_bar, t, &t_bar), 0);
    for (int i = 0; i < inputs; i++) {
      reverse[(size_t)i * w + (size_t)k] = i < n ? u2_bar[i] : i < n + m ? p2_bar[i - n] : t_bar;
    }
  }
  free(dot);
  free(bar);
  free(y);
  free(y_bar);
  free(u2);
  free(p2);
  free(u2_bar);
  free(p2_bar);
  free(y2);
  free(y2_bar);
}

#endif
