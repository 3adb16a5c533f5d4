// Boost odeint on a model file (MODEL), whose right-hand side the compiler sees: dopri5 and fehlberg78 with step control, and rosenbrock4
// with a Jacobian that the caller passes.
#include <array>
#include <cmath>
#include <cstddef>

#include <boost/numeric/odeint.hpp>

#include MODEL

namespace odeint = boost::numeric::odeint;
namespace ublas  = boost::numeric::ublas;

constexpr std::size_t N = sizeof(struct state) / sizeof(double);
using point             = std::array<double, N>;
using vector            = ublas::vector<double>;
using matrix            = ublas::matrix<double>;

static const struct param *given;
static long                calls;

static void value(const point &u, point &du, double t)
{
  calls++;
  rhs(reinterpret_cast<struct state *>(du.data()), reinterpret_cast<const struct state *>(u.data()), given, t);
}

template <class Stepper> static int solve(Stepper stepper, double *u, double t0, double t1, double h)
{
  point x;
  std::copy(u, u + N, x.begin());
  odeint::integrate_adaptive(stepper, value, x, t0, t1, h);
  std::copy(x.begin(), x.end(), u);
  return 0;
}

/* jacobian: row-major [N][N] at (u, p, t) */
typedef void (*jacobian_fn)(double *j, const double *u, const double *p, double t);

// kind: 5 dopri5, 78 fehlberg78, 4 rosenbrock4. u: initial state, then the last.
extern "C" int peer_solve(int kind, double *u, const double *p, double t0, double t1, double h, double rtol, double atol,
                          jacobian_fn jacobian, long *rhs_calls)
{
  given = reinterpret_cast<const struct param *>(p);
  calls = 0;
  int code = 1;
  try {
    if (kind == 5) {
      code = solve(odeint::make_controlled<odeint::runge_kutta_dopri5<point>>(atol, rtol), u, t0, t1, h);
    } else if (kind == 78) {
      code = solve(odeint::make_controlled<odeint::runge_kutta_fehlberg78<point>>(atol, rtol), u, t0, t1, h);
    } else {
      vector x(N);
      std::copy(u, u + N, x.begin());
      auto f = [](const vector &at, vector &du, double t) {
        calls++;
        rhs(reinterpret_cast<struct state *>(&du[0]), reinterpret_cast<const struct state *>(&at[0]), given, t);
      };
      auto j = [jacobian, p](const vector &at, matrix &m, double t, vector &f_t) {
        jacobian(&m(0, 0), &at[0], p, t);
        std::fill(f_t.begin(), f_t.end(), 0.0); // the problems are autonomous
      };
      odeint::integrate_adaptive(odeint::make_controlled<odeint::rosenbrock4<double>>(atol, rtol), std::make_pair(f, j), x, t0, t1, h);
      std::copy(x.begin(), x.end(), u);
      code = 0;
    }
  } catch (...) {
    return 1;
  }
  *rhs_calls = calls;
  return code;
}
