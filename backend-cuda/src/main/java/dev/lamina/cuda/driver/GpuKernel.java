package dev.lamina.cuda.driver;

/** A kernel of a loaded module, valid as long as that. */
public interface GpuKernel {}
