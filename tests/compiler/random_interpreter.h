/**
 * @file random_interpreter.h
 * @brief Evaluates random programs over dual numbers, without any compiler: the independent check.
 */
#ifndef UDE_TESTS_RANDOM_INTERPRETER_H
#define UDE_TESTS_RANDOM_INTERPRETER_H

#include "compiler/random_program.h"

enum { RI_INPUTS = RP_STATES + RP_PARAMS + 1 };

/** A value and its derivatives with respect to u, p, t. */
typedef struct dual {
  double v, d[RI_INPUTS];
} dual;

typedef struct ri_frame {
  const rp_program *program;
  dual              x[RP_SCALARS], *a[2];
  int               loop[RP_LOOPS];
  const dual       *u, *p, *t;
  dual             *y;
  double            closest; /**< how near a comparison came to a tie: derivatives jump there */
  long              budget;
} ri_frame;

typedef enum ri_control { RI_NEXT, RI_BREAK, RI_CONTINUE, RI_RETURN } ri_control;

UDE_TEST_UNUSED static dual       ri_eval(ri_frame *f, const rp_node *n);
UDE_TEST_UNUSED static ri_control ri_run(ri_frame *f, const rp_node *n);

static double ri_round(const ri_frame *f, double v) {
  return f->program->single ? (double)(float)v : v;
}

/* value + da * a' + db * b' */
static dual ri_make(const ri_frame *f, double v, double da, const dual *a, double db,
                    const dual *b) {
  dual r = {.v = ri_round(f, v)};
  for (int k = 0; k < RI_INPUTS; k++) {
    r.d[k] = da * a->d[k] + (b ? db * b->d[k] : 0);
  }
  return r;
}

static dual ri_constant(double v) {
  return (dual){.v = v};
}

static dual ri_tanh(const ri_frame *f, dual a) {
  double th = tanh(a.v);
  return ri_make(f, th, 1 - th * th, &a, 0, NULL);
}

static void ri_compare(ri_frame *f, double a, double b) {
  double gap = fabs(a - b);
  if (gap < f->closest) {
    f->closest = gap;
  }
}

static int ri_index(ri_frame *f, const rp_node *n) {
  if (n->op == RP_INDEX_CONST) {
    return n->a;
  }
  if (n->op == RP_INDEX_LOOP) {
    return ((int)n->value * f->loop[n->b] + n->a) % n->c;
  }
  double v = fabs(ri_eval(f, n->kid[0]).v) * 3;
  ri_compare(f, v, nearbyint(v));
  return (int)v % n->c;
}

static bool ri_condition(ri_frame *f, const rp_node *n) {
  if (n->op == RP_ODD) {
    return (f->loop[n->a] + n->b) % 2;
  }
  dual a = ri_eval(f, n->kid[0]), b = ri_eval(f, n->kid[1]);
  bool constant = true; /* equal constants stay equal; x and what rounds to x in float do not */
  for (int k = 0; k < RI_INPUTS; k++) {
    constant = constant && a.d[k] == 0 && b.d[k] == 0;
  }
  if (a.v != b.v || !constant) {
    ri_compare(f, a.v, b.v);
  }
  return a.v < b.v;
}

static ri_frame ri_callee(const ri_frame *f) {
  ri_frame g = *f;
  memset(g.x, 0, sizeof g.x);
  memset(g.loop, 0, sizeof g.loop);
  return g;
}

static void ri_merge(ri_frame *f, const ri_frame *g) {
  f->closest = g->closest;
  f->budget  = g->budget;
}

static dual ri_bound(const ri_frame *f, dual a) {
  return ri_tanh(f, a);
}

static dual ri_call_f(ri_frame *f, dual a, dual b) {
  ri_frame g = ri_callee(f);
  g.x[0]     = a;
  g.x[1]     = b;
  g.x[2]     = ri_make(f, a.v * b.v, b.v, &a, a.v, &b);
  g.x[3]     = a;
  g.x[4]     = ri_constant(1);
  ri_run(&g, f->program->f);
  dual result = ri_bound(&g, ri_eval(&g, f->program->f_result));
  ri_merge(f, &g);
  return result;
}

static dual ri_call_r(ri_frame *f, dual a, dual b, int n) {
  ri_frame g = ri_callee(f);
  g.x[0]     = a;
  g.x[1]     = b;
  g.x[2]     = ri_make(f, a.v + b.v, 1, &a, 1, &b);
  g.x[3]     = a;
  g.x[4]     = ri_constant(n);
  dual result;
  if (n <= 0) {
    result = ri_bound(&g, ri_eval(&g, f->program->r_base));
  } else {
    ri_run(&g, f->program->r);
    dual below = ri_call_r(
        &g, g.x[3], ri_make(f, g.x[0].v * g.x[4].v, g.x[4].v, &g.x[0], g.x[0].v, &g.x[4]), n - 1);
    g.x[2] = ri_make(f, below.v * g.x[1].v, g.x[1].v, &below, below.v, &g.x[1]);
    ri_compare(&g, g.x[2].v, g.x[3].v);
    if (g.x[2].v < g.x[3].v) {
      dual more = ri_call_r(&g, g.x[1], g.x[2], n - 2);
      below     = ri_make(f, below.v + ri_round(f, 0.5 * more.v), 1, &below, 0.5, &more);
    }
    dual last = ri_eval(&g, f->program->r_result);
    result    = ri_bound(&g, ri_make(f, below.v + last.v, 1, &below, 1, &last));
  }
  ri_merge(f, &g);
  return result;
}

UDE_TEST_UNUSED static dual ri_eval(ri_frame *f, const rp_node *n) {
  dual a = {0}, b = {0};
  if (n->op >= RP_ADD && n->op <= RP_CALL_R && n->op != RP_CHOOSE) {
    a = ri_eval(f, n->kid[0]);
    if (n->kid[1]) {
      b = ri_eval(f, n->kid[1]);
    }
  }
  double s;
  switch (n->op) {
  case RP_CONST: return ri_constant(n->value);
  case RP_SCALAR: return f->x[n->a];
  case RP_ELEMENT: return f->a[n->a][ri_index(f, n->kid[0])];
  case RP_STATE: a = f->u[ri_index(f, n->kid[0])]; return ri_make(f, a.v, 1, &a, 0, NULL);
  case RP_PARAM: a = f->p[ri_index(f, n->kid[0])]; return ri_make(f, a.v, 1, &a, 0, NULL);
  case RP_TIME: return ri_make(f, f->t->v, 1, f->t, 0, NULL);
  case RP_LOOP_REAL: return ri_constant(f->loop[n->a]);
  case RP_ADD: return ri_make(f, a.v + b.v, 1, &a, 1, &b);
  case RP_SUB: return ri_make(f, a.v - b.v, 1, &a, -1, &b);
  case RP_MUL: return ri_make(f, a.v * b.v, b.v, &a, a.v, &b);
  case RP_DIV:
    s = ri_round(f, 1.5 + ri_round(f, b.v * b.v));
    return ri_make(f, a.v / s, 1 / s, &a, -a.v / (s * s) * 2 * b.v, &b);
  case RP_SIN: return ri_make(f, sin(a.v), cos(a.v), &a, 0, NULL);
  case RP_COS: return ri_make(f, cos(a.v), -sin(a.v), &a, 0, NULL);
  case RP_TANH: return ri_tanh(f, a);
  case RP_EXP:
    s = exp(ri_round(f, 0.25 * ri_round(f, sin(a.v))));
    return ri_make(f, s, s * 0.25 * cos(a.v), &a, 0, NULL);
  case RP_SQRT:
    s = sqrt(ri_round(f, 0.5 + ri_round(f, a.v * a.v)));
    return ri_make(f, s, a.v / s, &a, 0, NULL);
  case RP_LOG:
    s = ri_round(f, 1.25 + ri_round(f, a.v * a.v));
    return ri_make(f, log(s), 2 * a.v / s, &a, 0, NULL);
  case RP_ABS:
    if (a.v != 0) {
      ri_compare(f, a.v, 0);
    }
    return ri_make(f, fabs(a.v), a.v > 0 ? 1 : a.v < 0 ? -1 : 0, &a, 0, NULL);
  case RP_MAX:
  case RP_MIN: ri_compare(f, a.v, b.v); return (n->op == RP_MAX ? a.v > b.v : a.v < b.v) ? a : b;
  case RP_CHOOSE: return ri_condition(f, n->kid[2]) ? ri_eval(f, n->kid[0]) : ri_eval(f, n->kid[1]);
  case RP_POW: {
    double sine = ri_round(f, sin(a.v));
    s           = ri_round(f, 0.75 + ri_round(f, sine * sine));
    return ri_make(f, pow(s, n->value), n->value * pow(s, n->value - 1) * 2 * sine * cos(a.v), &a,
                   0, NULL);
  }
  case RP_ATAN2: {
    double c = ri_round(f, 1 + ri_round(f, b.v * b.v));
    s        = a.v * a.v + c * c;
    return ri_make(f, atan2(a.v, c), c / s, &a, -a.v / s * 2 * b.v, &b);
  }
  case RP_HYPOT:
    s = hypot(a.v, b.v);
    if (s == 0) { /* the kink: 0, as the table says */
      ri_compare(f, 0, 0);
      return ri_constant(0);
    }
    ri_compare(f, s, 0);
    return ri_make(f, s, a.v / s, &a, b.v / s, &b);
  case RP_NEG: return ri_make(f, -a.v, -1, &a, 0, NULL);
  case RP_CALL_F: return ri_call_f(f, a, b);
  case RP_CALL_R: return ri_call_r(f, a, b, n->a);
  default: ck_abort_msg("not an expression: %d", (int)n->op);
  }
  return a;
}

static ri_control ri_loop(ri_frame *f, const rp_node *n) {
  int *i = &f->loop[n->a];
  for (*i = 0;; ++*i) {
    bool go = n->op == RP_FOR           ? *i < n->b
              : n->op == RP_FOR_TO_LOOP ? *i <= f->loop[n->b]
                                        : ri_condition(f, n->kid[0]) && *i < 6;
    if (!go) {
      return RI_NEXT;
    }
    ri_control c = ri_run(f, n->kid[n->op == RP_WHILE]);
    if (c == RI_BREAK) {
      return RI_NEXT;
    }
    if (c == RI_RETURN) {
      return c;
    }
    if (--f->budget < 0) {
      return RI_RETURN;
    }
  }
}

static void ri_struct(ri_frame *f, const rp_node *n) {
  dual v1 = f->x[n->a], w1 = f->x[0], v2 = ri_eval(f, n->kid[0]), w2 = f->x[1];
  f->x[n->b]                         = ri_make(f, v2.v * w1.v, w1.v, &v2, v2.v, &w1);
  dual sum                           = ri_make(f, v1.v + w2.v, 1, &v1, 1, &w2);
  f->a[n->a][ri_index(f, n->kid[1])] = ri_bound(f, sum);
}

static void ri_call_g(ri_frame *f, const rp_node *n) {
  ri_frame g = ri_callee(f);
  g.a[0]     = f->a[n->a];
  g.a[1]     = f->a[n->b];
  g.x[0] = g.x[3] = ri_eval(f, n->kid[0]);
  g.x[1]          = ri_constant(n->c);
  g.x[2]          = g.a[1][n->c];
  g.x[4]          = ri_constant(1);
  g.closest       = f->closest;
  ri_run(&g, f->program->g);
  dual product = ri_make(f, g.x[3].v * g.x[4].v, g.x[4].v, &g.x[3], g.x[3].v, &g.x[4]);
  dual sum     = ri_make(f, g.x[1].v + g.x[2].v, 1, &g.x[1], 1, &g.x[2]);
  g.a[0][n->c] = ri_bound(f, ri_make(f, sum.v + product.v, 1, &sum, 1, &product));
  ri_merge(f, &g);
}

UDE_TEST_UNUSED static ri_control ri_run(ri_frame *f, const rp_node *n) {
  dual v, *to;
  int  k;
  if (!n) {
    return RI_NEXT;
  }
  switch (n->op) {
  case RP_SEQUENCE: {
    ri_control c = ri_run(f, n->kid[0]);
    return c == RI_NEXT && n->kid[1] ? ri_run(f, n->kid[1]) : c;
  }
  case RP_SET:
    v          = ri_eval(f, n->kid[0]);
    f->x[n->a] = ri_bound(f, v);
    return RI_NEXT;
  case RP_SET_ELEMENT:
  case RP_ADD_ELEMENT:
    v   = ri_bound(f, ri_eval(f, n->kid[0]));
    to  = &f->a[n->a][ri_index(f, n->kid[1])];
    *to = n->op == RP_SET_ELEMENT ? v : ri_make(f, to->v + ri_round(f, 0.5 * v.v), 1, to, 0.5, &v);
    return RI_NEXT;
  case RP_FOR:
  case RP_FOR_TO_LOOP:
  case RP_WHILE: return ri_loop(f, n);
  case RP_IF: return ri_run(f, n->kid[ri_condition(f, n->kid[0]) ? 1 : 2]);
  case RP_BREAK: return RI_BREAK;
  case RP_CONTINUE: return RI_CONTINUE;
  case RP_SWITCH:
    for (k = ri_index(f, n->kid[3]), k = k > 2 ? 2 : k; k < 3; k++) {
      ri_control c = ri_run(f, n->kid[k]);
      if (c != RI_NEXT) {
        return c;
      }
      if (!(n->a & 1 << k)) {
        break;
      }
    }
    return RI_NEXT;
  case RP_CALL_G: ri_call_g(f, n); return RI_NEXT;
  case RP_COPY:
    memmove(f->a[n->a], f->a[n->b] + n->c / 2, RP_LENGTH / 2 * sizeof(dual));
    return RI_NEXT;
  case RP_SWAP:
    to      = f->a[0];
    f->a[0] = f->a[1];
    f->a[1] = to;
    return RI_NEXT;
  case RP_RETURN: return RI_RETURN;
  case RP_OUTPUT: f->y[n->c] = ri_eval(f, n->kid[0]); return RI_NEXT;
  case RP_STRUCT: ri_struct(f, n); return RI_NEXT;
  default: ck_abort_msg("not a statement: %d", (int)n->op);
  }
  return RI_NEXT;
}

/** Value y[RP_OUTPUTS] with its derivatives. Returns how near a comparison came to a tie, negative if the program
 *  runs too long. */
UDE_TEST_UNUSED static double ri_program(const rp_program *program, const double *u,
                                         const double *p, double t, dual *y) {
  dual du[RP_STATES] = {{0}}, dp[RP_PARAMS] = {{0}}, dt = {.v = t}, b0[RP_LENGTH], b1[RP_LENGTH];
  for (int k = 0; k < RP_STATES; k++) {
    du[k].v    = u[k];
    du[k].d[k] = 1;
  }
  for (int k = 0; k < RP_PARAMS; k++) {
    dp[k].v                = p[k];
    dp[k].d[RP_STATES + k] = 1;
  }
  dt.d[RI_INPUTS - 1] = 1;
  ri_frame f          = {.program = program,
                         .a       = {b0, b1},
                         .u       = du,
                         .p       = dp,
                         .t       = &dt,
                         .y       = y,
                         .closest = 1,
                         .budget  = 20000};
  for (int k = 0; k < RP_LENGTH; k++) {
    b0[k] = ri_make(&f, u[k % 4], 1, &du[k % 4], 0, NULL);
    b1[k] = ri_make(&f, p[k % 3] * k, k, &dp[k % 3], 0, NULL);
  }
  for (int k = 0; k < RP_OUTPUTS; k++) {
    y[k] = du[k];
  }
  f.x[0]           = ri_make(&f, u[0], 1, &du[0], 0, NULL);
  f.x[1]           = ri_make(&f, p[0], 1, &dp[0], 0, NULL);
  f.x[2]           = ri_make(&f, t, 1, &dt, 0, NULL);
  f.x[3]           = ri_constant(1);
  f.x[4]           = ri_make(&f, u[1], 1, &du[1], 0, NULL);
  bool       left  = ri_run(&f, program->map) == RI_RETURN;
  ri_frame   exact = f;
  rp_program wide  = *program; /* outputs are sums in double */
  wide.single      = false;
  exact.program    = &wide;
  for (int k = 0; k < RP_LENGTH && !left; k++) {
    dual scaled = ri_make(&f, f.a[0][k].v * (k + 1), k + 1, &f.a[0][k], 0, NULL);
    dual sum    = ri_make(&f, scaled.v + f.a[1][k].v, 1, &scaled, 1, &f.a[1][k]);
    y[k % 3]    = ri_make(&exact, y[k % 3].v + sum.v, 1, &y[k % 3], 1, &sum);
  }
  if (!left) {
    dual a = ri_make(&f, f.x[0].v * f.x[1].v, f.x[1].v, &f.x[0], f.x[0].v, &f.x[1]);
    dual b = ri_make(&f, f.x[2].v + f.x[3].v, 1, &f.x[2], 1, &f.x[3]);
    y[0]   = ri_make(&exact, y[0].v + a.v, 1, &y[0], 1, &a);
    y[1]   = ri_make(&exact, y[1].v + b.v, 1, &y[1], 1, &b);
    y[2]   = ri_make(&exact, y[2].v + f.x[4].v, 1, &y[2], 1, &f.x[4]);
  }
  return f.budget < 0 ? -1 : f.closest;
}

#endif
