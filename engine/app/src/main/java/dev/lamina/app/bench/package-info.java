/** Measuring a model: the tests of {@code lamina bench}, the limits beside them, and the tables. */
package dev.lamina.app.bench;
