/* A ball that bounces, the restitution learned from heights.
 *
 *     ude solve model.c --events-out bounces.csv      the trajectory, and when it bounced
 *     ude fit model.c data.csv -o runs/ball           restitution and drag from data.csv
 *
 * The derivatives that the fit uses contain those of the times at which the ball bounces. */
#include <ude/model.h>

struct state {
    double height, velocity;
};

struct param {
    const double gravity;
    UDE_RANGE(0, 1) double restitution;
    UDE_RANGE(0, 1) double drag;
};

const struct state u0       = {2, 0};
const struct param p0       = {.gravity = 9.81, .restitution = 0.6, .drag = 0.01};
const double       tspan[2] = {0, 2.5};

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
    du->height   = u->velocity;
    du->velocity = -p->gravity - p->drag * u->velocity;
}

/* The floor, from above. */
const int event_direction[1] = {-1};

void events(double *g, const struct state *u, const struct param *p, double t)
{
    g[0] = u->height;
}

void affect(struct state *u, const struct param *p, double t, int event)
{
    u->velocity = -p->restitution * u->velocity;
}

double terminal_cost(const struct state *u, const struct param *p, double t)
{
    return u->height;
}
