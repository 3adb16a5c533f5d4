/* ESDIRK methods as data.
 *
 * TRBDF2: Hosea, Shampine, Applied Numerical Mathematics 20 (1996) 21, with its embedded formula of order 3; the continuous
 * extension is the parabola through the three states.
 * KenCarp4: ARK4(3)6L[2]SA of Kennedy, Carpenter, Applied Numerical Mathematics 44 (2003) 139, implicit and explicit part. Its continuous
 * extension is ours: weights of the six stage states that satisfy sum v_i = 1, sum v_i c_i^q = theta^q for q <= 3 and
 * 3 sum v_i a_ij c_j^2 = theta^3, of the remaining freedom the smallest in the mean over the step. */
#include "solve/sdirk.h"

/* clang-format off */
#define D 0.29289321881345247560 /* 1 - 1 / sqrt 2 */
#define W 0.35355339059327376220 /* sqrt 2 / 4 */

static const double trbdf2_a[3][3] = {[1] = {D, D}, [2] = {W, W, D}};
static const double trbdf2_b[3]      = {W, W, D};
static const double trbdf2_btilde[3] = {0.13807118745769834960, -1.0 / 3, 0.19526214587563498373};
static const double trbdf2_c[3]      = {0, 2 * D, 1};
static const double trbdf2_v[3][2]   = {
    [1] = {4.1213203435596425732, -4.1213203435596425732},
    [2] = {-1.4142135623730950488, 2.4142135623730950488}};

static const double kencarp4_a[6][6] = {
    [1] = {0.25, 0.25},
    [2] = {8611.0 / 62500, -1743.0 / 31250, 0.25},
    [3] = {5012029.0 / 34652500, -654441.0 / 2922500, 174375.0 / 388108, 0.25},
    [4] = {15267082809.0 / 155376265600, -71443401.0 / 120774400, 730878875.0 / 902184768,
           2285395.0 / 8070912, 0.25},
    [5] = {82889.0 / 524892, 0, 15625.0 / 83664, 69875.0 / 102672, -2260.0 / 8211, 0.25}};
static const double kencarp4_x[6][6] = {
    [1] = {0.5},
    [2] = {13861.0 / 62500, 6889.0 / 62500},
    [3] = {-116923316275.0 / 2393684061468, -2731218467317.0 / 15368042101831,
           9408046702089.0 / 11113171139209},
    [4] = {-451086348788.0 / 2902428689909, -2682348792572.0 / 7519795681897,
           12662868775082.0 / 11960479115383, 3355817975965.0 / 11060851509271},
    [5] = {647845179188.0 / 3216320057751, 73281519250.0 / 8382639484533,
           552539513391.0 / 3454668386233, 3354512671639.0 / 8306763924573, 4040.0 / 17871}};
static const double kencarp4_b[6] = {82889.0 / 524892, 0, 15625.0 / 83664, 69875.0 / 102672,
                                     -2260.0 / 8211, 0.25};
static const double kencarp4_btilde[6] = {0.0032044943984591763531, 0, -0.0024462511366794576119,
    -0.021480075919587268415, 0.043946868068572422195, -0.023225035410764872521};
static const double kencarp4_c[6] = {0, 0.5, 83.0 / 250, 31.0 / 50, 17.0 / 20, 1};
static const double kencarp4_v[6][3] = {
    {-5.2188723890106211018, 8.4058332939456314529, -4.1869609049350103511},
    {4.9257806505464225804, -15.990452496145312116, 11.064671845598889536},
    {6.5215486352255516161, -16.296985375796591153, 9.7754367405710395368},
    {-6.0936204592892710235, 26.230193989087900943, -20.13657352979862992},
    {-1.8989110004222378601, 3.3887031287049675789, -1.4897921282827297187},
    {1.764074562950155789, -5.7372925397965967061, 4.9732179768464409171}};
/* clang-format on */

const ude_sdirk_tableau ude_trbdf2 = {.name           = "trbdf2",
                                      .order          = 2,
                                      .embedded_order = 3,
                                      .dense_order    = 2,
                                      .stages         = 3,
                                      .dense_degree   = 2,
                                      .gamma          = D,
                                      .a              = &trbdf2_a[0][0],
                                      .x              = NULL,
                                      .b              = trbdf2_b,
                                      .btilde         = trbdf2_btilde,
                                      .c              = trbdf2_c,
                                      .v              = &trbdf2_v[0][0]};

const ude_sdirk_tableau ude_kencarp4 = {.name           = "kencarp4",
                                        .order          = 4,
                                        .embedded_order = 3,
                                        .dense_order    = 3,
                                        .stages         = 6,
                                        .dense_degree   = 3,
                                        .gamma          = 0.25,
                                        .a              = &kencarp4_a[0][0],
                                        .x              = &kencarp4_x[0][0],
                                        .b              = kencarp4_b,
                                        .btilde         = kencarp4_btilde,
                                        .c              = kencarp4_c,
                                        .v              = &kencarp4_v[0][0]};
