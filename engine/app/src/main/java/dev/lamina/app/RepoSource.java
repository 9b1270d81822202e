package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.app.hub.RepoFile;
import dev.lamina.app.hub.RepoListing;
import dev.lamina.choose.FileList;
import dev.lamina.choose.ModelFile;
import dev.lamina.gguf.GgufException;
import dev.lamina.gguf.GgufFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The files of a repository of the hub, for {@code lamina choose}. */
final class RepoSource extends ChooseSource {
  /** Vocabularies take most of a head: 128 k tokens take 8 MB, 256 k take 16 MB. */
  private static final int[] HEAD_BYTES = {1 << 20, 12 << 20, 48 << 20};

  private final RepoListing listing;
  private final PathMatcher matcher;
  private final HubModels hub;

  RepoSource(String repo, PathMatcher matcher, PrintWriter err) {
    this.matcher = matcher;
    hub = new HubModels(err, null, false);
    listing = hub.list(repo);
  }

  @Override
  List<FileList.Entry> entries() {
    return listing.files().stream()
        .filter(file -> matches(matcher, file.path()))
        .map(file -> new FileList.Entry(file.path(), file.size()))
        .toList();
  }

  @Override
  Optional<Head> model(List<ModelFile> files, String shape) {
    if (shape != null) {
      return super.model(files, shape);
    }
    // All types have the same shape; the head of a part is not that of the model.
    Optional<RepoFile> file =
        files.stream()
            .filter(model -> model.quant() != null && model.parts() == 1)
            .min(Comparator.comparingLong(ModelFile::bytes))
            .flatMap(
                model ->
                    listing.files().stream()
                        .filter(f -> f.path().equals(model.name()))
                        .findFirst());
    return file.isEmpty()
        ? Optional.empty()
        : Optional.of(
            hub.with(
                puller -> {
                  GgufException last = null;
                  for (int bytes : HEAD_BYTES) {
                    byte[] head = puller.head(listing, file.get(), bytes);
                    try {
                      return read(head, file.get().size());
                    } catch (GgufException e) {
                      // Cut off in the middle of the head, as far as can be told.
                      last = e;
                    }
                    if (head.length == file.get().size()) {
                      break;
                    }
                  }
                  throw last;
                }));
  }

  /** Reads a head from a file that has its real size and nothing behind the head. */
  private static Head read(byte[] head, long size) {
    try {
      Path file = Files.createTempFile("lamina-head", ".gguf");
      try {
        Files.write(file, head);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
          sparse.setLength(size);
        }
        try (GgufFile open = GgufFile.open(file)) {
          return new Head(open.metadata(), List.copyOf(open.tensors()));
        }
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new LaminaException("the head of the model cannot be read: " + e.getMessage(), e);
    }
  }
}
