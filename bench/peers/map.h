/* The map of a model for peers: MODEL is its file, MAP 0 rhs, 1 terminal_cost, 2 observe. REAL, if defined, is the number type
 * of a tool that overloads operators. */
#ifdef REAL
#define double REAL
#endif
#include MODEL

#if MAP == 0
typedef struct state map_output;
#elif MAP == 1
typedef struct map_output {
  double cost;
} map_output;
#else
typedef struct observation map_output;
#endif

static inline void map(map_output *y, const struct state *u, const struct param *p, double t) {
#if MAP == 0
  rhs(y, u, p, t);
#elif MAP == 1
  y->cost = terminal_cost(u, p, t);
#else
  observe(y, u, p, t);
#endif
}
#ifdef REAL
#undef double
#endif
