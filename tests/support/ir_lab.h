/**
 * @file ir_lab.h
 * @brief C text to machine code with its derivatives: a small pipeline for tests of the IR transforms.
 *
 * Every function of the text named map_... must be
 *     void map_x(double *restrict y, const double *restrict u, const double *restrict p, double t);
 * lab_open compiles the text and derives each of them by both modes. Noinline functions stay apart.
 */
#ifndef UDE_TESTS_IR_LAB_H
#define UDE_TESTS_IR_LAB_H

#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/coerce.h"
#include "compiler/driver.h"
#include "compiler/jit.h"
#include "compiler/library_rules.h"
#include "compiler/long_double.h"
#include "compiler/pipeline.h"
#include "compiler/request.h"
#include "compiler/transform.h"
#include "compiler/user_rule.h"
#include "support/ude_check.h"

extern char **environ;

typedef void (*lab_value_fn)(double *, const double *, const double *, double);
typedef void (*lab_jvp_fn)(double *, double *, const double *, const double *, const double *,
                           const double *, double, const double *);
typedef int (*lab_vjp_fn)(double *, double *, const double *, double *, const double *, double *,
                          double, double *);

/* LAB_QUICK: few passes and plain machine code, for many programs; LAB_NARROW: no width 1; LAB_JET: Taylor mode;
 * LAB_LANES: value, jvp1 and vjp in lanes. */
enum {
  LAB_FORWARD = 1,
  LAB_REVERSE = 2,
  LAB_BOTH    = 3,
  LAB_QUICK   = 4,
  LAB_NARROW  = 8,
  LAB_JET     = 16,
  LAB_LANES   = 32
};

typedef struct lab {
  ude_jit             *jit;
  LLVMContextRef       context;
  LLVMModuleRef        module;
  LLVMTargetMachineRef machine;
  ude_error            error;
} lab;

/* clang of the text into bitcode; false: clang failed. */
UDE_TEST_UNUSED static bool lab_clang(lab *l, const char *text) {
  char source[] = "/tmp/ude_lab_XXXXXX.c";
  char output[sizeof source + 8];
  int  file = mkstemps(source, 2);
  ck_assert_int_ge(file, 0);
  ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
  close(file);
  snprintf(output, sizeof output, "%s.bc", source);
  char include[] = "-I" UDE_SOURCE_DIR "/include";
  char prefix[sizeof source + 40];
  snprintf(prefix, sizeof prefix, "-ffile-prefix-map=%s=model.c", source);
  const char *clang       = ude_clang_path(&(ude_compile_options){0});
  char       *arguments[] = {(char *)(uintptr_t)clang,
                             "-std=gnu11",
                             "-O2",
                             "-g",
                             "-Xclang",
                             "-disable-llvm-passes",
                             "-fno-math-errno",
                             "-ffp-contract=off",
                             "-fcomplex-arithmetic=improved",
                             UDE_LONG_DOUBLE_FLAG,
                             "-march=native",
                             "-fPIC",
                             "-w",
                             include,
                             prefix,
                             "-emit-llvm",
                             "-c",
                             source,
                             "-o",
                             output,
                             NULL};
  pid_t       pid;
  int         status = -1;
  ck_assert_int_eq(posix_spawn(&pid, clang, NULL, NULL, arguments, environ), 0);
  ck_assert_int_eq(waitpid(pid, &status, 0), pid);
  bool                ok     = status == 0;
  LLVMMemoryBufferRef buffer = NULL;
  char               *message;
  if (ok) {
    ck_assert(!LLVMCreateMemoryBufferWithContentsOfFile(output, &buffer, &message));
    ck_assert(!LLVMParseBitcodeInContext2(l->context, buffer, &l->module));
    LLVMDisposeMemoryBuffer(buffer);
  }
  unlink(source);
  unlink(output);
  return ok;
}

UDE_TEST_UNUSED static void lab_verify(lab *l, const char *when) {
  char *message = NULL;
  if (LLVMVerifyModule(l->module, LLVMReturnStatusAction, &message)) {
    char *text = LLVMPrintModuleToString(l->module);
    if (getenv("UDE_LAB_DUMP")) {
      fputs(text, stderr);
    }
    LLVMDisposeMessage(text);
    ck_abort_msg("%s: %s", when, message);
  }
  LLVMDisposeMessage(message);
}

static int         lab_widths[] = {1, 3};
static int         lab_lanes    = 8;
static const char *lab_features; /* of the processor, if the vector library is to be used */
static ude_text    lab_refused;  /* a line for each function that was not put into lanes */

/* Value, forward and reverse mode of a map in lanes: lanes_map_x, lanes_jvp1_map_x, lanes_inner_map_x. */
UDE_TEST_UNUSED static void lab_widen(lab *l, LLVMValueRef *maps, int count) {
  static const char *const kinds[] = {"", "jvp1_", "inner_"};
  for (int k = 0; k < count; k++) {
    size_t      length;
    const char *map = LLVMGetValueName2(maps[k], &length);
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
      char name[300], derived[320];
      snprintf(name, sizeof name, "%s%s", kinds[kind], map);
      snprintf(derived, sizeof derived, "lanes_%s", name);
      LLVMValueRef f = LLVMGetNamedFunction(l->module, name);
      ck_assert_ptr_nonnull(f);
      if (!ude_emit_lanes(l->module, f, lab_lanes, lab_features, derived, &l->error)) {
        ck_assert_int_eq(l->error.status, UDE_NOT_DIFFERENTIABLE);
        ude_text_append(&lab_refused, "%s: %s\n", name, l->error.message);
      }
    }
  }
}

/* Names of the maps of the module, up to `most`; returns their number. */
UDE_TEST_UNUSED static int lab_maps(lab *l, LLVMValueRef *maps, int most) {
  int count = 0;
  for (LLVMValueRef f = LLVMGetFirstFunction(l->module); f; f = LLVMGetNextFunction(f)) {
    size_t      length;
    const char *name = LLVMGetValueName2(f, &length);
    if (LLVMIsDeclaration(f)) {
      continue;
    }
    if (strncmp(name, "map_", 4) == 0) {
      ck_assert_int_lt(count, most);
      maps[count++] = f;
    } else {
      LLVMSetLinkage(f, LLVMInternalLinkage);
    }
  }
  for (LLVMValueRef g = LLVMGetFirstGlobal(l->module); g; g = LLVMGetNextGlobal(g)) {
    size_t length;
    if (LLVMGetInitializer(g) && strncmp(LLVMGetValueName2(g, &length), "ude.", 4) != 0) {
      LLVMSetLinkage(g, LLVMInternalLinkage);
    }
  }
  return count;
}

/* Machine code of the module: optimised as in the product, or quickly. */
UDE_TEST_UNUSED static void lab_object(lab *l, bool quick, LLVMMemoryBufferRef *object) {
  char *message = NULL;
  if (!quick) {
    ck_assert_msg(!ude_pipeline_object(l->module, l->machine, object, &l->error), "%s",
                  l->error.message);
    return;
  }
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMErrorRef              failed =
      LLVMRunPasses(l->module, "function(sroa,early-cse,simplifycfg)", l->machine, options);
  ck_assert_msg(!failed, "%s", failed ? LLVMGetErrorMessage(failed) : "");
  LLVMDisposePassBuilderOptions(options);
  LLVMTargetMachineRef machine = LLVMCreateTargetMachine(
      LLVMGetTargetMachineTarget(l->machine), LLVMGetTargetMachineTriple(l->machine), "", "",
      LLVMCodeGenLevelNone, LLVMRelocPIC, LLVMCodeModelJITDefault);
  ck_assert_msg(
      !LLVMTargetMachineEmitToMemoryBuffer(machine, l->module, LLVMObjectFile, &message, object),
      "%s", message);
  LLVMDisposeTargetMachine(machine);
}

/* Every other map is derived without its value, as in the product. */
UDE_TEST_UNUSED static bool lab_alone(const char *map) {
  return map[strlen(map) - 1] % 2 != 0;
}

/* What rules of libraries are for. */
UDE_TEST_UNUSED static unsigned lab_derivatives(int modes) {
  return (modes & LAB_JET ? UDE_DERIVATIVE_JET : 0U) | (modes & LAB_LANES ? UDE_LANES : 0U);
}

/* Everything up to machine code; on a refusal false and l->error. */
UDE_TEST_UNUSED static bool lab_try(lab *l, const char *text, int modes) {
  enum { MOST = 4096 };
  static LLVMValueRef maps[MOST];
  *l = (lab){.context = LLVMContextCreate()};
  ck_assert(lab_clang(l, text));
  ck_assert_msg(!ude_pipeline_target(&l->machine, &l->error), "%s", l->error.message);
  ude_coerce_structs(l->module);
  ude_clang_output rules[UDE_RULE_FILES];
  ude_status       linked = ude_library_rules_link(
      l->module, &(ude_compile_options){.derivatives = lab_derivatives(modes)}, rules, &l->error);
  for (int k = 0; k < UDE_RULE_FILES; k++) {
    ude_clang_output_free(&rules[k]);
  }
  if (linked || ude_request_gather(l->module, &l->error) ||
      ude_user_rules_gather(l->module, &l->error)) {
    return false;
  }
  int count = lab_maps(l, maps, MOST);
  if (ude_request_resolve(l->module, l->machine, &l->error)) {
    return false;
  }
  ck_assert_msg(!ude_pipeline_canonical(l->module, l->machine, &l->error), "%s", l->error.message);
  if (getenv("UDE_LAB_PRIMAL")) {
    char *dump = LLVMPrintModuleToString(l->module);
    fputs(dump, stderr);
    LLVMDisposeMessage(dump);
  }
  for (int k = 0; k < count; k++) {
    size_t      length;
    const char *name = LLVMGetValueName2(maps[k], &length);
    char        derived[256];
    for (size_t w = modes & LAB_NARROW ? 1 : 0; w < 2 && modes & LAB_FORWARD; w++) {
      snprintf(derived, sizeof derived, "jvp%d_%s", lab_widths[w], name);
      if (!ude_emit_jvp(l->module, maps[k], lab_widths[w], derived, &l->error)) {
        return false;
      }
    }
    snprintf(derived, sizeof derived, "jet_%s", name);
    if (modes & LAB_JET && !ude_emit_jet(l->module, maps[k], derived, &l->error)) {
      return false;
    }
    snprintf(derived, sizeof derived, "vjp_%s", name);
    if (modes & LAB_REVERSE && !(lab_alone(name) ? ude_emit_vjp_alone : ude_emit_vjp)(
                                   l->module, maps[k], derived, &l->error)) {
      return false;
    }
  }
  if (modes & LAB_LANES) {
    for (int k = 0; k < count; k++) {
      char        derived[256];
      size_t      length;
      const char *name = LLVMGetValueName2(maps[k], &length);
      snprintf(derived, sizeof derived, "inner_%s", name);
      ck_assert_msg(ude_emit_vjp_inner(l->module, maps[k], derived, &l->error) != NULL, "%s",
                    l->error.message);
    }
    ck_assert_msg(!ude_pipeline_canonical(l->module, l->machine, &l->error), "%s",
                  l->error.message);
    if (getenv("UDE_LAB_CANONICAL")) {
      char *dump = LLVMPrintModuleToString(l->module);
      fputs(dump, stderr);
      LLVMDisposeMessage(dump);
    }
    lab_widen(l, maps, count);
  }
  lab_verify(l, "emitted");
  if (getenv("UDE_LAB_DUMP")) {
    char *dump = LLVMPrintModuleToString(l->module);
    fputs(dump, stderr);
    LLVMDisposeMessage(dump);
  }
  LLVMMemoryBufferRef object = NULL;
  ude_user_rules_finish(l->module);
  lab_object(l, modes & LAB_QUICK, &object);
  if (getenv("UDE_LAB_FINAL")) {
    char *dump = LLVMPrintModuleToString(l->module);
    fputs(dump, stderr);
    LLVMDisposeMessage(dump);
  }
  ck_assert_msg(!ude_jit_create(&l->jit, &l->error), "%s", l->error.message);
  ck_assert_msg(
      !ude_jit_add(l->jit, LLVMGetBufferStart(object), LLVMGetBufferSize(object), "lab", &l->error),
      "%s", l->error.message);
  LLVMDisposeMemoryBuffer(object);
  return true;
}

UDE_TEST_UNUSED static void lab_open(lab *l, const char *text, int modes) {
  ck_assert_msg(lab_try(l, text, modes), "%s", l->error.message);
}

UDE_TEST_UNUSED static void lab_close(lab *l) {
  ude_jit_free(l->jit);
  if (l->module) {
    LLVMDisposeModule(l->module);
  }
  if (l->machine) {
    LLVMDisposeTargetMachine(l->machine);
  }
  LLVMContextDispose(l->context);
  *l = (lab){0};
}

UDE_TEST_UNUSED static void *lab_find(lab *l, const char *kind, const char *map) {
  char name[512];
  snprintf(name, sizeof name, "%s%s", kind, map);
  void *address = ude_jit_find(l->jit, name, &l->error);
  ck_assert_msg(address != NULL, "%s", l->error.message);
  return address;
}

/* ------------------------------------------------------------------------------ Jacobians -- */

/** Sizes of a map and the point it is differentiated at. */
typedef struct lab_point {
  int           rows, columns, params;
  const double *u, *p;
  double        t;
} lab_point;

/* Columns of the full Jacobian: u, then p, then t. */
UDE_TEST_UNUSED static int lab_inputs(const lab_point *at) {
  return at->columns + at->params + 1;
}

UDE_TEST_UNUSED static double *lab_zeros(size_t n) {
  double *zeros = calloc(n ? n : 1, sizeof *zeros);
  ck_assert_ptr_nonnull(zeros);
  return zeros;
}

/** [rows][inputs] by forward mode of `width`; y gets the value (NULL allowed). */
UDE_TEST_UNUSED static void lab_jacobian_forward(lab *l, const char *map, int width,
                                                 const lab_point *at, double *y, double *jacobian) {
  char kind[16];
  snprintf(kind, sizeof kind, "jvp%d_", width);
  lab_jvp_fn jvp    = (lab_jvp_fn)lab_find(l, kind, map);
  int        inputs = lab_inputs(at);
  size_t     w      = (size_t)width;
  double    *seed   = lab_zeros((size_t)inputs * w);
  double    *value = lab_zeros((size_t)at->rows), *dot = lab_zeros((size_t)at->rows * w);
  for (int first = 0; first < inputs; first += width) {
    memset(seed, 0, (size_t)inputs * w * sizeof *seed);
    for (int k = 0; k < width && first + k < inputs; k++) {
      seed[(size_t)(first + k) * w + (size_t)k] = 1;
    }
    memset(value, 0, (size_t)at->rows * sizeof *value);
    memset(dot, 0, (size_t)at->rows * w * sizeof *dot);
    jvp(value, dot, at->u, seed, at->p, seed + (size_t)at->columns * w, at->t,
        seed + (size_t)(at->columns + at->params) * w);
    for (int r = 0; r < at->rows; r++) {
      for (int k = 0; k < width && first + k < inputs; k++) {
        jacobian[r * inputs + first + k] = dot[(size_t)r * w + (size_t)k];
      }
    }
  }
  if (y) {
    memcpy(y, value, (size_t)at->rows * sizeof *y);
  }
  free(seed);
  free(value);
  free(dot);
}

/** [rows][inputs] by reverse mode. Checks that y_bar is consumed (with the value) and outputs are added to. */
UDE_TEST_UNUSED static void lab_jacobian_reverse(lab *l, const char *map, const lab_point *at,
                                                 double *y, double *jacobian) {
  lab_vjp_fn vjp    = (lab_vjp_fn)lab_find(l, "vjp_", map);
  int        inputs = lab_inputs(at);
  double    *bar = lab_zeros((size_t)at->rows), *value = lab_zeros((size_t)at->rows);
  double    *u_bar = lab_zeros((size_t)at->columns), *p_bar = lab_zeros((size_t)at->params);
  for (int r = 0; r < at->rows; r++) {
    double t_bar = 2;
    bar[r]       = 1;
    for (int k = 0; k < at->columns; k++) {
      u_bar[k] = 3;
    }
    for (int k = 0; k < at->params; k++) {
      p_bar[k] = 0;
    }
    memset(value, 0, (size_t)at->rows * sizeof *value);
    ck_assert_int_eq(vjp(value, bar, at->u, u_bar, at->p, p_bar, at->t, &t_bar), 0);
    if (lab_alone(map)) {
      memset(bar, 0, (size_t)at->rows * sizeof *bar);
      ((lab_value_fn)lab_find(l, "", map))(value, at->u, at->p, at->t);
    }
    for (int k = 0; k < at->rows; k++) {
      ck_assert_msg(bar[k] == 0, "%s: y_bar[%d] = %g", map, k, bar[k]);
    }
    double *row = jacobian + (size_t)r * (size_t)inputs;
    for (int k = 0; k < at->columns; k++) {
      row[k] = u_bar[k] - 3;
    }
    for (int k = 0; k < at->params; k++) {
      row[at->columns + k] = p_bar[k];
    }
    row[inputs - 1] = t_bar - 2;
  }
  if (y) {
    memcpy(y, value, (size_t)at->rows * sizeof *y);
  }
  free(bar);
  free(value);
  free(u_bar);
  free(p_bar);
}

/** [rows][inputs] by central differences of order 8 with relative step `step`. */
UDE_TEST_UNUSED static void lab_jacobian_differences(lab *l, const char *map, const lab_point *at,
                                                     double step, double *jacobian) {
  static const double weight[4] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
  lab_value_fn        f         = (lab_value_fn)lab_find(l, "", map);
  int                 inputs    = lab_inputs(at);
  double             *x = lab_zeros((size_t)inputs), *y = lab_zeros((size_t)at->rows);
  for (int c = 0; c < inputs; c++) {
    memcpy(x, at->u, (size_t)at->columns * sizeof *x);
    memcpy(x + at->columns, at->p, (size_t)at->params * sizeof *x);
    x[inputs - 1] = at->t;
    double centre = x[c], h = step * (fabs(centre) > 1 ? fabs(centre) : 1);
    for (int r = 0; r < at->rows; r++) {
      jacobian[r * inputs + c] = 0;
    }
    for (int k = 1; k <= 4; k++) {
      for (int side = -1; side <= 1; side += 2) {
        x[c] = centre + side * k * h;
        memset(y, 0, (size_t)at->rows * sizeof *y);
        f(y, x, x + at->columns, x[inputs - 1]);
        for (int r = 0; r < at->rows; r++) {
          jacobian[r * inputs + c] += side * weight[k - 1] * y[r] / h;
        }
      }
    }
  }
  free(x);
  free(y);
}

/** All modes against each other (1e-11 relative to the row) and against differences. */
UDE_TEST_UNUSED static void lab_agree(lab *l, const char *map, const lab_point *at, int modes,
                                      double step, double tolerance) {
  size_t  n      = (size_t)at->rows * (size_t)lab_inputs(at);
  int     inputs = lab_inputs(at);
  double *a = lab_zeros(n), *b = lab_zeros(n), *c = lab_zeros(n), *d = lab_zeros(n);
  double *y = lab_zeros((size_t)at->rows), *z = lab_zeros((size_t)at->rows);
  double  modes_agree = tolerance > 1e-3 ? 1e-5 : 1e-11; /* models in float round in float */
  ((lab_value_fn)lab_find(l, "", map))(y, at->u, at->p, at->t);
  lab_jacobian_differences(l, map, at, step, d);
  if (modes & LAB_FORWARD) {
    lab_jacobian_forward(l, map, 1, at, z, a);
    for (int r = 0; r < at->rows; r++) {
      ck_assert_msg(y[r] == z[r] || fabs(y[r] - z[r]) <= 1e-13 * fabs(y[r]),
                    "%s: y[%d] %.17g %.17g", map, r, y[r], z[r]);
    }
    lab_jacobian_forward(l, map, 3, at, z, b);
  }
  if (modes & LAB_REVERSE) {
    lab_jacobian_reverse(l, map, at, z, c);
    for (int r = 0; r < at->rows; r++) {
      ck_assert_msg(y[r] == z[r] || fabs(y[r] - z[r]) <= 1e-13 * fabs(y[r]),
                    "%s: y[%d] %.17g %.17g", map, r, y[r], z[r]);
    }
  }
  for (int r = 0; r < at->rows; r++) {
    double scale = 1e-300;
    for (int k = 0; k < inputs; k++) {
      scale = fmax(scale, fabs(d[r * inputs + k]));
    }
    for (int k = 0; k < inputs; k++) {
      int i = r * inputs + k;
      if (modes & LAB_FORWARD) {
        ck_assert_msg(fabs(a[i] - b[i]) <= modes_agree * scale,
                      "%s: dy[%d]/dx[%d]: width 1 %.17g, width 3 %.17g", map, r, k, a[i], b[i]);
        ck_assert_msg(fabs(a[i] - d[i]) <= tolerance * (scale + 1e-3),
                      "%s: dy[%d]/dx[%d]: forward %.17g, differences %.17g", map, r, k, a[i], d[i]);
      }
      if (modes & LAB_REVERSE) {
        ck_assert_msg(fabs(c[i] - d[i]) <= tolerance * (scale + 1e-3),
                      "%s: dy[%d]/dx[%d]: reverse %.17g, differences %.17g", map, r, k, c[i], d[i]);
      }
      if (modes == LAB_BOTH) {
        ck_assert_msg(fabs(a[i] - c[i]) <= modes_agree * scale,
                      "%s: dy[%d]/dx[%d]: forward %.17g, reverse %.17g", map, r, k, a[i], c[i]);
      }
    }
  }
  free(a);
  free(b);
  free(c);
  free(d);
  free(y);
  free(z);
}

#endif
