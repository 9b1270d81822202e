package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.Limits;
import dev.lamina.chat.ChatTemplate;
import dev.lamina.chat.Message;
import dev.lamina.chat.Prompt;
import dev.lamina.chat.RenderOptions;
import dev.lamina.chat.ToolCall;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.Architectures;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.ModelConfig;
import dev.lamina.model.ModelGraph;
import dev.lamina.model.TensorCatalog;
import dev.lamina.placement.Placement;
import dev.lamina.tokenizer.Shield;
import dev.lamina.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.OptionalInt;

/**
 * A loaded model: its layers are on their devices and ready to run. Sessions hold the
 * conversations. Closing is safe at any time and from any thread: a step in progress ends first,
 * whatever comes later fails with a clear error.
 */
public final class Model implements AutoCloseable {
  /**
   * Positions in a KV page: a whole number of SIMD lanes and of quantization blocks, and little to
   * copy where pages are shared.
   */
  private static final int PAGE_SIZE = 64;

  private final Metadata metadata;
  private final Collection<TensorInfo> tensors;
  private final DecoderGraph graph;
  private final LoadOptions options;
  private final AutoCloseable data;
  private final Backends backends;
  private final Engine engine;
  private Tokenizer tokenizer;
  private ChatTemplate chatTemplate;

  private Model(
      Metadata metadata,
      Collection<TensorInfo> tensors,
      DecoderGraph graph,
      LoadOptions options,
      AutoCloseable data,
      Backends backends,
      Engine engine) {
    this.metadata = metadata;
    this.tensors = List.copyOf(tensors);
    this.graph = graph;
    this.options = options;
    this.data = data;
    this.backends = backends;
    this.engine = engine;
  }

  /** Loads a file with {@link LoadOptions#DEFAULT}. */
  public static Model load(Path file) {
    return load(file, LoadOptions.DEFAULT);
  }

  /**
   * Loads a file, or the set of split files that it is part of, onto the devices of this machine.
   */
  public static Model load(Path file, LoadOptions options) {
    // The file comes first: whether it is there is known at once, and drivers take their time.
    GgufFile gguf = open(file, options);
    Backends backends;
    try {
      backends = options.discover();
    } catch (RuntimeException | Error e) {
      gguf.close();
      throw e;
    }
    return open(gguf, options, backends);
  }

  /** As {@link #load(Path, LoadOptions)} on given devices, which the model closes with itself. */
  public static Model load(Path file, LoadOptions options, Backends backends) {
    GgufFile gguf;
    try {
      gguf = open(file, options);
    } catch (RuntimeException | Error e) {
      backends.close();
      throw e;
    }
    return open(gguf, options, backends);
  }

  private static GgufFile open(Path file, LoadOptions options) {
    return GgufFile.open(file, options.mapped() ? GgufFile.Access.MAPPED : GgufFile.Access.COPIED);
  }

  private static Model open(GgufFile gguf, LoadOptions options, Backends backends) {
    return open(gguf.metadata(), gguf.tensors(), new FileWeights(gguf), gguf, options, backends);
  }

  /**
   * Opens a model whose tensors come from anywhere.
   *
   * @param metadata as a file has it
   * @param tensors the tensor table
   * @param source gives the tensors' bytes
   * @param data closed with the model, also where opening fails
   * @param backends closed with the model, also where opening fails
   */
  public static Model open(
      Metadata metadata,
      Collection<TensorInfo> tensors,
      WeightSource source,
      AutoCloseable data,
      LoadOptions options,
      Backends backends) {
    DevicePlacer placer = new DevicePlacer(backends, options.placement());
    try {
      DecoderGraph graph =
          Architectures.graph(metadata, TensorCatalog.of(tensors), options.model());
      int context = context(graph.config(), options);
      Limits limits = limits(graph, context, options);
      Engine engine = Engine.open(graph, limits, context, source, placer, options.progress());
      return new Model(metadata, tensors, graph, options, data, backends, engine);
    } catch (InternalError e) {
      // How the JVM tells that a page of the mapping could not be read.
      closeAll(placer, data);
      throw GgufFile.vanished(metadata.source(), e);
    } catch (RuntimeException | Error e) {
      closeAll(placer, data);
      throw e;
    }
  }

  /** What the programs of a model must be able to do at once. */
  static Limits limits(ModelGraph graph, int context, LoadOptions options) {
    int ubatch = Math.min(options.ubatch(), context);
    return new Limits(
        ubatch,
        Math.min(options.outputs(), Math.max(ubatch, options.sequences())),
        options.sequences(),
        PAGE_SIZE,
        KvPages.groups(graph.groups(), context, options.sequences(), ubatch, PAGE_SIZE));
  }

  static int context(ModelConfig config, LoadOptions options) {
    if (options.context() > 0) {
      return options.context();
    }
    int trained = config.contextLength();
    return trained > 0
        ? Math.min(trained, LoadOptions.DEFAULT_CONTEXT)
        : LoadOptions.DEFAULT_CONTEXT;
  }

  /** Begins a conversation. As many can be open at once as {@link LoadOptions#sequences()} says. */
  public Session newSession() {
    return adopt(engine.newSequence());
  }

  Session adopt(Sequence sequence) {
    return new Session(this, engine, sequence);
  }

  /** The file's name, for messages. */
  public String source() {
    return metadata.source();
  }

  public Metadata metadata() {
    return metadata;
  }

  /** The tensors that it was made of. */
  public Collection<TensorInfo> tensors() {
    return tensors;
  }

  /** What it computes. */
  public ModelGraph graph() {
    return graph;
  }

  public ModelConfig config() {
    return graph.config();
  }

  public LoadOptions options() {
    return options;
  }

  /** The devices and backends that the model was loaded with. */
  public Backends backends() {
    return backends;
  }

  /** Which layer runs where, and why. Changes when a device fails. */
  public Placement placement() {
    return engine.placement();
  }

  /** Tokens that one session can hold. */
  public int context() {
    return engine.context();
  }

  /** The model's tokenizer; made when first asked for. */
  public synchronized Tokenizer tokenizer() {
    if (tokenizer == null) {
      tokenizer = Tokenizer.of(metadata);
      if (tokenizer.vocabularySize() > graph.vocabulary()) {
        throw new LaminaException(
            "%s: tokenizer.ggml.tokens has %d tokens and token_embd.weight only %d rows"
                .formatted(source(), tokenizer.vocabularySize(), graph.vocabulary()));
      }
    }
    return tokenizer;
  }

  /** The form that conversations take: the one given when loading, or the model's own. */
  public synchronized ChatTemplate chatTemplate() {
    if (chatTemplate == null) {
      String given = options.chatTemplate();
      if (given == null) {
        chatTemplate = ChatTemplate.detect(metadata);
      } else {
        boolean jinja = given.contains("{{") || given.contains("{%");
        chatTemplate = jinja ? ChatTemplate.ofJinja(given) : ChatTemplate.builtin(given);
      }
    }
    return chatTemplate;
  }

  /** The prompt for a conversation, up to where the answer begins. */
  public Prompt chatPrompt(List<Message> messages) {
    return chatPrompt(messages, RenderOptions.DEFAULT);
  }

  /**
   * As {@link #chatPrompt(List)}, with tools, variables and the like. What looks like a control
   * token inside of a message is marked, see {@link Shield}; {@link #encode} knows the marks.
   */
  public Prompt chatPrompt(List<Message> messages, RenderOptions rendering) {
    Tokenizer words = tokenizer();
    Shield shield = new Shield(words);
    return chatTemplate()
        .prompt(
            messages.stream().map(message -> shielded(shield, message)).toList(),
            rendering.withTokens(text(words, words.bos()), text(words, words.eos())));
  }

  private static Message shielded(Shield shield, Message message) {
    return new Message(
        message.role(),
        message.content() == null ? null : shield.mark(message.content()),
        message.reasoning() == null ? null : shield.mark(message.reasoning()),
        message.toolCalls().stream()
            .map(c -> new ToolCall(c.id(), shield.mark(c.name()), shield.mark(c.arguments())))
            .toList(),
        message.toolCallId(),
        message.name() == null ? null : shield.mark(message.name()));
  }

  private static String text(Tokenizer tokenizer, OptionalInt id) {
    return id.isPresent() ? tokenizer.piece(id.getAsInt()) : null;
  }

  /** The tokens of a rendered prompt. */
  public int[] encode(Prompt prompt) {
    return new Shield(tokenizer()).encode(prompt.text(), !prompt.beginsWithBos());
  }

  /** Closes both, the second also where the first fails. */
  private static void closeAll(AutoCloseable first, AutoCloseable second) {
    try (second) {
      first.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new LaminaException("closing failed: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    closeAll(engine, data);
  }
}
