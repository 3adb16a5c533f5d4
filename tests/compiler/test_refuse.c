/* What cannot be differentiated is refused, with place, reason, chain of inlined calls and advice; what only looks
 * like it is not. */
#include "support/ir_lab.h"

#define MAP \
  "void map_x(double *restrict y, const double *restrict u, const double *restrict p, double t) "

typedef struct refusal {
  const char *text;    /* lines count from 1 */
  const char *message; /* exact */
  int         modes;   /* 0: both */
} refusal;

static const refusal refusals[] = {
    {"double mystery(double);\n" MAP "{\n"
     "  y[0] = mystery(u[0]);\n"
     "}\n",
     "model.c:3:10: cannot differentiate the call to 'mystery' in 'map_x': its body is not visible "
     "and it has "
     "no rule; add its C source to the model, or compute without it",
     0},

    {"void smooth(double *, int);\n"
     "static double middle(const double *u) {\n"
     "  double x[3] = {u[0], u[1], u[2]};\n"
     "\n"
     "  smooth(x, 3);\n"
     "  return x[1];\n"
     "}\n" MAP "{\n"
     "  y[0] = 2 * middle(u);\n"
     "}\n",
     "model.c:5:3: cannot differentiate the call to 'smooth' in 'middle': its body is not visible "
     "and it has no "
     "rule (inlined at model.c:9 in 'map_x'); add its C source to the model, or compute without it",
     0},

    {"#include <string.h>\n"
     "#include <stdint.h>\n"
     "static double half(double x) {\n"
     "  uint64_t bits;\n"
     "  memcpy(&bits, &x, 8);\n"
     "  bits -= 1ull << 52;\n"
     "  memcpy(&x, &bits, 8);\n"
     "  return x;\n"
     "}\n" MAP "{ y[0] = half(u[0]); }\n",
     "model.c:10:101: cannot differentiate a write in 'map_x': the bits of a number that depends "
     "on the inputs are used as an integer; compute with arithmetic and "
     "math.h functions (frexp, ldexp, copysign, fabs) instead",
     0},

    {"static float fast(float x) {\n"
     "  int i = *(int *)&x;\n"
     "  i = 0x5f3759df - (i >> 1);\n"
     "  return *(float *)&i;\n"
     "}\n" MAP "{ y[0] = fast((float)u[0]); }\n",
     "model.c:4:10: cannot differentiate a reinterpretation of bits in 'fast': the bits of a "
     "number that depends "
     "on the inputs are used as an integer (inlined at model.c:6 in 'map_x'); compute with "
     "arithmetic and "
     "math.h functions (frexp, ldexp, copysign, fabs) instead",
     0},

    {"union pun { double d; unsigned long u; };\n" MAP "{\n"
     "  union pun x[4];\n"
     "  for (int i = 0; i < 4; i++) x[i].d = u[i];\n"
     "  for (int i = 0; i < 4; i++) x[(int)t + i].u &= ~0xffffffful;\n"
     "  y[0] = x[(int)t].d;\n"
     "}\n",
     "model.c:5:47: cannot differentiate a write in 'map_x': the bits of a number that depends on "
     "the inputs are "
     "used as an integer; compute with arithmetic and math.h functions (frexp, ldexp, copysign, "
     "fabs) instead",
     0},

    {MAP "{\n"
         "  double x = u[0];\n"
         "  __asm__(\"\" : \"+x\"(x));\n"
         "  y[0] = x;\n"
         "}\n",
     "model.c:3:3: cannot differentiate inline assembly in 'map_x': its effect is not visible; "
     "write it in C",
     0},

    {MAP "{\n"
         "  volatile double x = u[0];\n"
         "  y[0] = x * x;\n"
         "}\n",
     "model.c:2:19: cannot differentiate a volatile write in 'map_x': the value depends on the "
     "inputs; "
     "remove volatile",
     0},

    {"#include <setjmp.h>\n"
     "static jmp_buf here;\n" MAP "{\n"
     "  if (setjmp(here)) return;\n"
     "  y[0] = u[0];\n"
     "  if (u[0] > 3) longjmp(here, 1);\n"
     "}\n",
     "model.c:4:7: cannot differentiate the call to '_setjmp' in 'map_x': it jumps between "
     "functions, "
     "which no transform follows; return a status and test it instead",
     0},

    {MAP "{\n"
         "  _Float16 x = (_Float16)u[0];\n"
         "  y[0] = (double)(x * x / 3);\n"
         "}\n",
     "model.c:2:16: cannot differentiate a computation in 'map_x': it uses long double or half "
     "precision; use "
     "double or float for numbers that depend on the inputs",
     0},

    {"#include <stdlib.h>\n"
     "static double *buffer;\n" MAP "{\n"
     "  if (!buffer) buffer = malloc((size_t)(100 + (int)t) * sizeof *buffer);\n"
     "  for (int i = 0; i < 100; i++) buffer[i] = u[i % 3] * i;\n"
     "  y[0] = buffer[(int)t];\n"
     "}\n",
     "model.c:4:25: cannot differentiate the call to 'malloc' in 'map_x': the block is kept in a "
     "static variable "
     "and outlives the call; use a local array, or allocate and free within the call",
     0},

    {"#include <stdio.h>\n"
     "struct named { char name[8]; double x; };\n"
     "static struct named all[3];\n" MAP "{\n"
     "  for (int i = 0; i < 3; i++) all[i].x = u[i];\n"
     "  for (int i = 0; i < 3; i++) sprintf(all[i].name, \"%d\", i);\n"
     "  y[0] = all[(int)t].x;\n"
     "}\n",
     "model.c:6:31: cannot differentiate the call to 'sprintf' in 'map_x': it writes text into "
     "memory with numbers that depend on the inputs; give the text an array of its own",
     0},

    {"#include <stdlib.h>\n#include <string.h>\n"
     "struct mixed { float a; double b; };\n" MAP "{\n"
     "  struct mixed *m = malloc(3 * sizeof *m), *n = malloc(3 * sizeof *n);\n"
     "  for (int i = 0; i < 3; i++) m[i] = (struct mixed){(float)u[0] * i, u[1] * i};\n"
     "  memcpy(n, m, 3 * sizeof *m);\n"
     "  m[1].b = 0;\n"
     "  y[0] = n[1].a * n[2].b;\n"
     "  free(m);\n"
     "  free(n);\n"
     "}\n",
     "model.c:7:3: cannot differentiate the call to 'llvm.memcpy.p0.p0.i64' in 'map_x': it copies "
     "both float and double, and reverse mode has to know which; copy the members one by one",
     LAB_REVERSE},
};

START_TEST(refused) {
  const refusal *c = &refusals[_i];
  for (int mode = LAB_FORWARD; mode <= LAB_REVERSE; mode++) {
    if (c->modes && !(c->modes & mode)) {
      continue;
    }
    lab  l;
    bool done = lab_try(&l, c->text, mode);
    ck_assert_msg(!done, "not refused: %s", c->text);
    ck_assert_str_eq(l.error.message, c->message);
    ck_assert_int_eq(l.error.status, UDE_NOT_DIFFERENTIABLE);
    lab_close(&l);
  }
}
END_TEST

/* Not refused, for nothing of it reaches the results, or it is piecewise constant. */
static const char *const accepted[] = {
    "#include <stdio.h>\n#include <assert.h>\n" MAP
    "{ assert(u[0] < 1e30); if (t > 1e30) printf(\"%g\\n\", u[0]); y[0] = u[0] * u[0]; }",
    "#include <string.h>\n" MAP
    "{ double x = u[0]; unsigned long b; memcpy(&b, &x, 8); y[0] = (b >> 63) ? -x * u[0] : x * "
    "u[0]; }",
    "int lookup(int);\nint rand(void);\n" MAP "{ y[0] = u[0] * u[0] * (rand() >= 0); }",
    "#include <time.h>\n" MAP "{ y[0] = clock() == (clock_t)-2 ? 0 : u[0] * u[0]; }",
    "#include <stdlib.h>\n" MAP
    "{ if (u[0] > 1e30) exit(1); if (u[0] < -1e30) abort(); y[0] = u[0] * u[0]; }",
    "static volatile int calls;\n" MAP "{ calls++; y[0] = u[0] * u[0]; }",
    MAP "{ long double c = 2; y[0] = u[0] * u[0] * (double)(c / 2); }",
    "#include <stdio.h>\n#include <string.h>\n" MAP
    "{ char b[32]; int n = snprintf(b, 32, \"%g\", u[0]); strcat(b, \"x\");\n"
    "  y[0] = u[0] * u[0] * (n > 0) * (b[0] == '1'); }",
    MAP "{ y[0] = u[0] * u[0] * __builtin_signbit(-u[0]) / (__builtin_signbit(-1.0) ? 1 : 2); }",
    "double unused(double); static double f(double x) { return unused(x); }\n" MAP
    "{ y[0] = u[0] * u[0]; }",
};

/* Said before anything is derived: the call would be wrong in a model that is only solved, too. */
START_TEST(long_double_of_the_library) {
  lab l;
  ck_assert(!lab_try(&l, "#include <stdlib.h>\n" MAP "{ y[0] = (double)strtold(\"2\", 0); }\n",
                     LAB_BOTH));
  ck_assert_int_eq(l.error.status, UDE_COMPILE);
  ck_assert_ptr_nonnull(strstr(l.error.message, "'strtold'"));
  lab_close(&l);
}
END_TEST

START_TEST(not_refused) {
  lab l;
  lab_open(&l, accepted[_i], LAB_BOTH);
  double    u[1] = {1.5}, p[1] = {0};
  lab_point at = {1, 1, 0, u, p, 0.5};
  double    forward[2], reverse[2];
  lab_jacobian_forward(&l, "map_x", 1, &at, NULL, forward);
  lab_jacobian_reverse(&l, "map_x", &at, NULL, reverse);
  ck_assert_double_eq_tol(forward[0], 3, 1e-15);
  ck_assert_double_eq_tol(reverse[0], 3, 1e-15);
  lab_close(&l);
}
END_TEST

START_TEST(bad_arguments) {
  lab l = {.context = LLVMContextCreate()};
  ck_assert(lab_clang(&l, MAP "{ y[0] = u[0]; }\nint other(void) { return 1; }"));
  LLVMValueRef map   = LLVMGetNamedFunction(l.module, "map_x"),
               other = LLVMGetNamedFunction(l.module, "other");
  ck_assert_ptr_null(ude_emit_jvp(l.module, map, 0, "a", &l.error));
  ck_assert_int_eq(l.error.status, UDE_INVALID_ARGUMENT);
  ck_assert_ptr_null(ude_emit_jvp(l.module, map, 65, "a", &l.error));
  ck_assert_ptr_null(ude_emit_jvp(l.module, other, 1, "a", &l.error));
  ck_assert_ptr_null(ude_emit_vjp(l.module, other, "a", &l.error));
  ck_assert_ptr_null(ude_emit_vjp(l.module, NULL, "a", NULL));
  lab_close(&l);
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("refuse");
  TCase   *tcase  = tcase_create("refuse");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 60);
  tcase_add_loop_test(tcase, refused, 0, sizeof refusals / sizeof *refusals);
  tcase_add_test(tcase, long_double_of_the_library);
  tcase_add_loop_test(tcase, not_refused, 0, sizeof accepted / sizeof *accepted);
  tcase_add_test(tcase, bad_arguments);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
