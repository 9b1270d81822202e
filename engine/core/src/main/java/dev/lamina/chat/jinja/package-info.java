/**
 * An interpreter of the Jinja that chat templates are written in: lexer, parser, tree and
 * evaluator, with Python's meaning of values. Templates come with model files and are not trusted:
 * they see only the values defined here and run within {@link dev.lamina.chat.jinja.Limits}.
 */
package dev.lamina.chat.jinja;
