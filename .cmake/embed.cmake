#  cmake -D INPUT=FILE -D OUTPUT=FILE.c -D NAME=SYMBOL -P embed.cmake: a file's bytes as a C array
#  that ends with a NUL
file (READ ${INPUT} bytes HEX)
string (REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string (REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${bytes}")
file (WRITE ${OUTPUT} "extern const char ${NAME} [];\nconst char ${NAME} [] = {\n${bytes}0};\n")
