// Numbers of the types of pages in arguments.
#define PAGES_F32 0
#define PAGES_F16 1
#define PAGES_BF16 2
#define PAGES_Q8_0 3
#define PAGES_Q4_0 4
