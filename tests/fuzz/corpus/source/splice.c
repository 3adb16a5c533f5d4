a\
b // x \
y
;{}