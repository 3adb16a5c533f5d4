/* c */ struct state { double x; }; // end
const char *s = "a;\"}"; char c = '\'';
void f(int a) { g(a, (b)); }
