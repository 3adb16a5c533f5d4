/* discover under failing allocations. */
#include "discover/hand_model.h"
#include "support/fault.h"
#include "support/ude_check.h"

static const char *const NAMES[] = {"x", "y"};

static ude_status parse(void *context, ude_error *error) {
  ude_expression *e      = NULL;
  ude_text        text   = {0};
  ude_status      status = ude_expression_parse(context, NAMES, 2, &e, error);
  if (status == UDE_OK) {
    ude_expression_print(e, UDE_STYLE_LATEX, NAMES, &text);
    status = text.failed ? ude_fail_memory(error, "text") : UDE_OK;
  }
  ude_text_free(&text);
  ude_expression_free(e);
  return status;
}

static ude_status library(void *context, ude_error *error) {
  const double        in[6]   = {1, 2, 2, 3, 3, 5};
  const char         *extra[] = {"x/(2 + y)"};
  ude_library_options options = {.polynomial    = 2,
                                 .trigonometric = 1,
                                 .exponential   = true,
                                 .rational      = true,
                                 .products      = 2,
                                 .extra         = extra,
                                 .extra_count   = 1};
  ude_library        *made    = NULL;
  double             *theta   = NULL;
  ude_text            notes   = {0};
  (void)context;
  ude_status status = ude_library_create(2, NAMES, &options, &made, error);
  status = status ? status : ude_library_evaluate(made, NAMES, 3, in, &theta, &notes, error);
  free(theta);
  ude_text_free(&notes);
  ude_library_free(made);
  return status;
}

enum { ROWS = 20, TERMS = 4 };

static ude_status regression(void *context, ude_error *error) {
  double            theta[ROWS * TERMS], target[ROWS];
  ude_support_list *list = NULL;
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < TERMS; j++) {
      theta[i * TERMS + j] = cos(0.3 * i * (j + 1));
    }
    target[i] = 2 * theta[i * TERMS + 1] - theta[i * TERMS + 3] + 0.01 * sin(9.0 * i);
  }
  ude_stlsq_options options = {.count = 5};
  ude_status        status =
      context ? ude_stlsq_sweep(ROWS, TERMS, theta, target, NULL, &options, &list, error)
                     : ude_subset_search(ROWS, TERMS, theta, target, NULL, 2, 2, &list, error);
  ude_support_list_free(list);
  return status;
}

static ude_status sparse(void *context, ude_error *error) {
  double             theta[ROWS * TERMS], target[2 * ROWS];
  ude_sparse_result *found = NULL;
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < TERMS; j++) {
      theta[i * TERMS + j] = cos(0.3 * i * (j + 1));
    }
    target[2 * i]     = 2 * theta[i * TERMS + 1] + 0.01 * sin(9.0 * i);
    target[2 * i + 1] = theta[i * TERMS] - theta[i * TERMS + 3] + 0.01 * cos(7.0 * i);
  }
  ude_status status = ude_sparse_regression(ROWS, TERMS, 2, theta, target, context, &found, error);
  bool       agree  = (status == UDE_OK) == (found != NULL);
  ude_sparse_result_free(found);
  return agree ? status : ude_fail(error, UDE_INTERNAL, "a result in spite of failure");
}

static ude_status differentiate(void *context, ude_error *error) {
  double t[9], y[9], value[9], slope[9];
  for (int i = 0; i < 9; i++) {
    t[i] = i;
    y[i] = sin(0.5 * i);
  }
  return ude_differentiate(*(ude_derivative *)context, 5, 9, t, y, value, slope, error);
}

static void decay(double *du, const double *u) {
  du[0] = -0.5 * u[0];
}

static void network(double *out, const double *u) {
  out[0] = -0.5 * u[0] + 0.01 * sin(4 * u[0]);
}

typedef struct use {
  ude_table   *table;
  ude_dataset *data;
  hand_model   model;
} use;

static const ude_discover_options SMALL = {
    .library = {.polynomial = 1}, .stlsq = {.count = 3}, .samples = 8, .max_terms = 1, .starts = 1};

static ude_status print_all(const ude_discovery *found, ude_error *error) {
  static const ude_style styles[] = {UDE_STYLE_TEXT, UDE_STYLE_LATEX, UDE_STYLE_JSON};
  ude_status             status   = UDE_OK;
  for (size_t i = 0; i < 3 && status == UDE_OK; i++) {
    ude_text text = {0};
    status        = ude_discovery_print(found, styles[i], &text, error);
    ude_text_free(&text);
  }
  return status;
}

static ude_status discover(void *context, ude_error *error) {
  use                 *u       = context;
  ude_discovery       *found   = NULL;
  ude_fit_options      fit     = {.initial = UDE_INITIAL_DATA};
  ude_discover_problem problem = {.field           = &u->model.field,
                                  .p               = u->model.p,
                                  .data            = u->data,
                                  .fit             = &fit,
                                  .rebuild         = hand_rebuild,
                                  .rebuild_context = &u->model};
  ude_status           status  = ude_discover(&problem, &SMALL, &found, error);
  bool                 agree   = (status == UDE_OK) == (found != NULL);
  status                       = status ? status : print_all(found, error);
  ude_discovery_free(found);
  return agree ? status : ude_fail(error, UDE_INTERNAL, "a discovery in spite of failure");
}

static ude_status sindy(void *context, ude_error *error) {
  use              *u       = context;
  ude_discovery    *found   = NULL;
  ude_sindy_options options = {.discover = SMALL};
  ude_status        status  = ude_sindy(u->table, hand_rebuild, &u->model, &options, &found, error);
  bool              agree   = (status == UDE_OK) == (found != NULL);
  ude_discovery_free(found);
  return agree ? status : ude_fail(error, UDE_INTERNAL, "a discovery in spite of failure");
}

static ude_status weak(void *context, ude_error *error) {
  use               *u       = context;
  ude_discovery     *found   = NULL;
  ude_sparse_options sparse  = {.models = 2, .threads = 1, .threshold = 0.01};
  ude_sindy_options  options = {.discover = SMALL, .sparse = &sparse, .weak = 2};
  ude_status         status  = ude_sindy(u->table, NULL, NULL, &options, &found, error);
  bool               agree   = (status == UDE_OK) == (found != NULL);
  ude_discovery_free(found);
  return agree ? status : ude_fail(error, UDE_INTERNAL, "a discovery in spite of failure");
}

START_TEST(test_parts_survive) {
  ude_derivative spline = UDE_DERIVATIVES_SPLINE, local = UDE_DERIVATIVES_SAVITZKY_GOLAY;
  int            sweep = 1;
  fault_every_allocation(parse, "x^2*y/(1 + sin(x)) - 3", 10);
  fault_every_allocation(library, NULL, 50);
  fault_every_allocation(regression, NULL, 20);
  fault_every_allocation(regression, &sweep, 20);
  fault_every_allocation(differentiate, &spline, 9);
  fault_every_allocation(differentiate, &local, 5);
  ude_derivative spectral = UDE_DERIVATIVES_SPECTRAL, least = UDE_DERIVATIVES_TOTAL_VARIATION;
  fault_every_allocation(differentiate, &spectral, 3);
  fault_every_allocation(differentiate, &least, 1);
  double             row[2 * TERMS] = {[1] = 1, [TERMS] = -2};
  ude_sparse_options plain = {.serial = true}, relaxed = {.method = UDE_SPARSE_SR3};
  ude_sparse_options equal = {.threshold = 0.1, .constraint_count = 1, .constraints = row};
  ude_sparse_options many  = {.threshold = 0.1, .ridge = 0.01, .models = 2, .threads = 1};
  fault_every_allocation(sparse, &plain, 20);
  fault_every_allocation(sparse, &relaxed, 20);
  fault_every_allocation(sparse, &equal, 20);
  fault_every_allocation(sparse, &many, 20);
}
END_TEST

START_TEST(test_discover_survives) {
  const double start[1] = {2}, noise[1] = {0.01};
  use          u = {.model = {.states = 1, .unknown = network}};
  u.table        = hand_measure(1, decay, start, 0.2, 8, noise, 1);
  hand_open(&u.model);
  u.data = hand_dataset(u.table, &u.model.field, NULL);
  ck_assert_ptr_nonnull(u.data);
  fault_every_allocation(discover, &u, 200);
  u.model = (hand_model){.states = 1};
  fault_every_allocation(sindy, &u, 200);
  fault_every_allocation(weak, &u, 60);
  ude_dataset_free(u.data);
  ude_table_free(u.table);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("discover_fault");
  TCase *tests = tcase_create("discover_fault");
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, test_parts_survive);
  tcase_add_test(tests, test_discover_survives);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
