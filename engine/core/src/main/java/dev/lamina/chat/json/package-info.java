/** A small strict JSON reader and writer over plain Java values, bounded in depth and size. */
package dev.lamina.chat.json;
