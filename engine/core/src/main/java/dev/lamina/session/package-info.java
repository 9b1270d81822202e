/**
 * Running a model: the opened stages of a placement, KV pages, steps, sampling, and falling back
 * when a device fails. {@link dev.lamina.session.Model} and {@link dev.lamina.session.Session} are
 * what a user of the library meets first.
 */
package dev.lamina.session;
