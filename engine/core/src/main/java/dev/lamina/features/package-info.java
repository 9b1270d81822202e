/**
 * What each backend can do, and by whose word: the policies that stand above any backend ({@link
 * dev.lamina.features.MatrixRules}), the backends found here and why others were not ({@link
 * dev.lamina.features.Backends}), and the matrix made from both ({@link
 * dev.lamina.features.FeatureMatrix}). Placement asks the same rules, so that the two cannot say
 * different things.
 */
package dev.lamina.features;
