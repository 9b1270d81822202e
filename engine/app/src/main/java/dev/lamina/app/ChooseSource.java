package dev.lamina.app;

import dev.lamina.FileProblem;
import dev.lamina.LaminaException;
import dev.lamina.app.hub.RepoName;
import dev.lamina.app.hub.Selection;
import dev.lamina.choose.FileList;
import dev.lamina.choose.ListText;
import dev.lamina.choose.ModelFile;
import dev.lamina.choose.Quant;
import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.FileType;
import dev.lamina.model.synthetic.SyntheticModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Where the files are that {@code lamina choose} advises on. */
abstract class ChooseSource {
  /** Folders below the one named, for repositories that have one for each type. */
  private static final int DEPTH = 3;

  /** What a GGUF file has before its data. */
  record Head(Metadata metadata, Collection<TensorInfo> tensors) {}

  /** All files that the name pattern lets through. */
  abstract List<FileList.Entry> entries();

  /**
   * What the model is.
   *
   * @param shape what the user said, or null
   */
  Optional<Head> model(List<ModelFile> files, String shape) {
    if (shape == null) {
      return Optional.empty();
    }
    SyntheticModel made = SyntheticModel.of(shape, "Q4_K_M");
    return Optional.of(new Head(made.metadata(), made.tensors()));
  }

  /** Whether a pattern is that of a file, whose name may come from anywhere. */
  static boolean matches(PathMatcher matcher, String name) {
    Path file = Input.path(name).getFileName();
    return file != null && matcher.matches(file);
  }

  /** The source that a user named. */
  static ChooseSource of(String what, String include, PrintWriter err) {
    PathMatcher matcher = include == null ? path -> true : Selection.glob(include);
    Path path = Input.path(what);
    if (Files.isDirectory(path)) {
      return new Folder(path, matcher);
    }
    if (!Files.exists(path)) {
      if (RepoName.isName(what)) {
        return new RepoSource(what, matcher, err);
      }
      throw new LaminaException(what + ": there is no such folder, list or repository");
    }
    if (what.toLowerCase(Locale.ROOT).endsWith(".gguf")) {
      throw new LaminaException(what + ": is one file: name the folder that it is in");
    }
    List<FileList.Entry> entries = ListText.read(Input.file(path), what);
    return new ChooseSource() {
      @Override
      List<FileList.Entry> entries() {
        return entries.stream().filter(entry -> matches(matcher, entry.name())).toList();
      }
    };
  }

  /** GGUF files on the disk. */
  private static final class Folder extends ChooseSource {
    private final Path folder;
    private final PathMatcher matcher;

    Folder(Path folder, PathMatcher matcher) {
      this.folder = folder;
      this.matcher = matcher;
    }

    @Override
    List<FileList.Entry> entries() {
      List<FileList.Entry> entries = new ArrayList<>();
      try (Stream<Path> found = Files.walk(folder, DEPTH)) {
        for (Path file : (Iterable<Path>) found.sorted()::iterator) {
          boolean gguf = file.toString().toLowerCase(Locale.ROOT).endsWith(".gguf");
          if (gguf && Files.isRegularFile(file) && matcher.matches(file.getFileName())) {
            String name = folder.relativize(file).toString().replace('\\', '/');
            entries.add(new FileList.Entry(name, Files.size(file), quant(file, name)));
          }
        }
      } catch (IOException | UncheckedIOException e) {
        IOException cause = e instanceof UncheckedIOException u ? u.getCause() : (IOException) e;
        throw new LaminaException(FileProblem.reading(folder, cause), e);
      }
      return entries;
    }

    /** What the file itself says, where its name says nothing. */
    private static Quant quant(Path file, String name) {
      if (Quant.inFileName(FileList.stem(name)).isPresent()) {
        return null;
      }
      try (GgufFile open = GgufFile.open(file)) {
        return FileType.byId(open.metadata().integer("general.file_type", -1))
            .flatMap(type -> Quant.byName(type.name()))
            .orElse(null);
      } catch (LaminaException e) {
        // Damaged, or not of a kind that can be read: its type stays unknown.
        return null;
      }
    }

    @Override
    Optional<Head> model(List<ModelFile> files, String shape) {
      if (shape != null) {
        return super.model(files, shape);
      }
      Optional<ModelFile> smallest =
          files.reversed().stream().filter(file -> file.quant() != null).findFirst();
      if (smallest.isEmpty()) {
        return Optional.empty();
      }
      try (GgufFile open = GgufFile.open(folder.resolve(smallest.get().name()))) {
        return Optional.of(new Head(open.metadata(), List.copyOf(open.tensors())));
      }
    }
  }
}
