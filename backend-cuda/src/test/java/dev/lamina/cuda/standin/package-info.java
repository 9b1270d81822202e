/** The stand-in drivers: built by g++ from src/test/native, loaded instead of a vendor's driver. */
package dev.lamina.cuda.standin;
