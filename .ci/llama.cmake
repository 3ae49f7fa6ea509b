# Read inside llama-cpp-python's project(): its binding loads neither llama.cpp's common library nor its tools.
set(LLAMA_BUILD_COMMON OFF)
