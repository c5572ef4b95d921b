//===- Rope.cpp - rotary positions, read and written ----------------------===//

#include "tools/sigma/import/Concepts.h"
#include <cmath>

using namespace sigma::config;
using namespace mlir::sigma;
using llvm::StringRef;

namespace {
/// A parameter of a scaling and the keys that hold it.
struct Parameter {
  StringRef name, key;
};
/// A kind of scaling, as configurations spell it.
struct Scaling {
  RopeScaling kind;
  llvm::SmallVector<StringRef, 3> words; // the first is written
  llvm::SmallVector<Parameter, 6> required, optional;
};
} // namespace

static constexpr StringRef kOriginal = "original_max_position_embeddings";

static const std::vector<Scaling> &scalings() {
  static const std::vector<Scaling> all = {
      {RopeScaling::Linear, {"linear"}, {{"factor", "factor"}}, {}},
      {RopeScaling::Dynamic, {"dynamic"}, {{"factor", "factor"}}, {}},
      {RopeScaling::Yarn,
       {"yarn", "deepseek_yarn"},
       {{"factor", "factor"}},
       {{"beta_fast", "beta_fast"},
        {"beta_slow", "beta_slow"},
        {"mscale", "mscale"},
        {"mscale_all_dim", "mscale_all_dim"},
        {"attention_factor", "attention_factor"}}},
      {RopeScaling::LongRope,
       {"longrope", "su"},
       {},
       {{"factor", "factor"}, {"attention_factor", "attention_factor"}}},
      {RopeScaling::Llama3,
       {"llama3"},
       {{"factor", "factor"},
        {"low_freq_factor", "low_freq_factor"},
        {"high_freq_factor", "high_freq_factor"}},
       {}}};
  return all;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
/// Reads the fields of a scaling into the attribute's parameters.
class ScalingReader {
public:
  ScalingReader(Reading &reading, Fields fields, int64_t rotatedWidth)
      : reading(reading), fields(std::move(fields)), rotatedWidth(rotatedWidth) {}

  RopeScaling read() {
    std::string type = fields.word("rope_type", "default");
    if (type == "default" || type == "none")
      return RopeScaling::None;
    for (const Scaling &scaling : scalings())
      if (llvm::is_contained(scaling.words, type))
        return readParameters(scaling);
    fields.refuse("rope_type",
                  "\"default\", \"linear\", \"dynamic\", \"yarn\", \"longrope\", \"llama3\"");
    return RopeScaling::None;
  }

  mlir::DictionaryAttr parameters() {
    return attributes.getDictionary(reading.builder.getContext());
  }

private:
  RopeScaling readParameters(const Scaling &scaling) {
    // Hunyuan's: the base grows by alpha^(width/(width-2)), at every length.
    if (scaling.kind == RopeScaling::Dynamic && fields.has("alpha")) {
      set("factor", fields.positive("alpha", 1));
      for (StringRef unused : {"factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim"})
        fields.skip(unused, "alpha says how the base grows");
      return RopeScaling::Ntk;
    }
    for (const Parameter &parameter : scaling.required)
      if (std::optional<double> value = fields.positiveOrNull(parameter.key))
        set(parameter.name, *value);
      else
        fields.refuse(parameter.key, "a positive number");
    for (const Parameter &parameter : scaling.optional)
      if (std::optional<double> value = fields.positiveOrNull(parameter.key))
        set(parameter.name, *value);
    if (scaling.kind != RopeScaling::Linear)
      attributes.set("original_positions", reading.builder.getI64IntegerAttr(originalPositions()));
    if (scaling.kind == RopeScaling::Yarn && fields.has("truncate"))
      attributes.set("truncate",
                     reading.builder.getI64IntegerAttr(fields.flag({"truncate", true})));
    if (scaling.kind == RopeScaling::LongRope)
      readLongRope();
    return scaling.kind;
  }

  int64_t originalPositions() {
    Fields &model = reading.fields;
    if (fields.has(kOriginal)) {
      model.skip(kOriginal, "the scaling says it");
      return fields.size(kOriginal);
    }
    if (model.has(kOriginal))
      return model.size(kOriginal);
    return model.size("max_position_embeddings", 4096);
  }

  void readLongRope() {
    for (StringRef list : {"short_factor", "long_factor"}) {
      llvm::SmallVector<mlir::Attribute> factors;
      for (double factor : fields.positives(list))
        factors.push_back(reading.builder.getF64FloatAttr(factor));
      if (int64_t(factors.size()) != rotatedWidth / 2)
        fields.refuse(list, "a list of " + llvm::Twine(rotatedWidth / 2) +
                                " positive numbers, one for each two of a head that are rotated");
      attributes.set(list, reading.builder.getArrayAttr(factors));
    }
    Fields &model = reading.fields;
    // The factor by which positions were stretched; Phi states it by the two lengths.
    if (!attributes.get("factor") && model.has(kOriginal) && model.has("max_position_embeddings"))
      set("factor", double(model.size("max_position_embeddings")) / double(model.size(kOriginal)));
    // PhiMoE states the magnitude for each list; sigma's is that of the list that training takes.
    bool isLong = reading.sequence > originalPositions();
    std::optional<double> magnitude =
        fields.positiveOrNull(isLong ? "long_mscale" : "short_mscale");
    fields.skip(isLong ? "short_mscale" : "long_mscale", "of the list that training does not take");
    if (magnitude)
      set("attention_factor", *magnitude);
  }

  void set(StringRef name, double value) {
    attributes.set(name, reading.builder.getF64FloatAttr(value));
  }

  Reading &reading;
  Fields fields;
  int64_t rotatedWidth; // of a head
  mlir::NamedAttrList attributes;
};
} // namespace

/// Numbers of a head that are rotated; 0: all.
static int64_t readRotatedWidth(Reading &reading, Fields &fields, int64_t headWidth) {
  if (reading.family.latent) {
    for (Fields *place : {&fields, &reading.fields})
      if (place->has("partial_rotary_factor") && place->positive("partial_rotary_factor", 1) != 1)
        place->refuse("partial_rotary_factor", "1; qk_rope_head_dim says what is rotated");
    return 0;
  }
  if (reading.fields.has("rotary_dim")) {
    int64_t width = reading.fields.size("rotary_dim");
    reading.fields.skip("partial_rotary_factor", "rotary_dim says it");
    if (width > headWidth || width % 2 != 0)
      reading.fields.refuse("rotary_dim",
                            "an even number up to head_dim (" + llvm::Twine(headWidth) + ")");
    return width == headWidth ? 0 : width;
  }
  double factor =
      fields.has("partial_rotary_factor")
          ? fields.positive("partial_rotary_factor", 1)
          : reading.fields.positive("partial_rotary_factor", reading.family.rotaryFactor);
  double width = double(headWidth) * factor;
  if (factor > 1 || std::fmod(std::floor(width), 2) != 0 || width < 2) {
    Fields &place = fields.has("partial_rotary_factor") ? fields : reading.fields;
    if (!place.has("partial_rotary_factor"))
      place.refuse("head_dim", "an even number, because positions rotate pairs");
    else
      place.refuse("partial_rotary_factor",
                   "a factor up to 1 that makes an even number of head_dim (" +
                       llvm::Twine(headWidth) + ")");
    return 0;
  }
  return factor == 1 ? 0 : int64_t(width);
}

static RopeAttr makeRope(Reading &reading, double base, int64_t width, RopeScaling scaling,
                         mlir::DictionaryAttr parameters) {
  return RopeAttr::getChecked([&] { return mlir::emitError(reading.location); },
                              reading.builder.getContext(), reading.builder.getF64FloatAttr(base),
                              width, scaling, parameters);
}

/// The scaling of gpt-oss when its file says nothing.
static mlir::DictionaryAttr defaultYarn(mlir::Builder &builder) {
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("beta_fast", builder.getF64FloatAttr(32)),
       builder.getNamedAttr("beta_slow", builder.getF64FloatAttr(1)),
       builder.getNamedAttr("factor", builder.getF64FloatAttr(32)),
       builder.getNamedAttr("original_positions", builder.getI64IntegerAttr(4096)),
       builder.getNamedAttr("truncate", builder.getI64IntegerAttr(0))});
}

RopeAttr sigma::config::readRope(Reading &reading, int64_t headWidth) {
  if (!reading.family.rotary)
    return {};
  // transformers 5 holds base, partial rotation and scaling in one object.
  std::optional<Fields> together = reading.fields.object("rope_parameters");
  Fields &fields = together ? *together : reading.fields;
  double base = fields.positive("rope_theta", reading.family.ropeBase);
  int64_t width = readRotatedWidth(reading, fields, headWidth);
  std::optional<Fields> apart = reading.fields.object("rope_scaling");
  if (!together && !apart && reading.family.yarnByDefault)
    return makeRope(reading, base, width, RopeScaling::Yarn, defaultYarn(reading.builder));
  if (!together && !apart)
    return makeRope(reading, base, width, RopeScaling::None, reading.builder.getDictionaryAttr({}));
  ScalingReader scaling(reading, apart ? *apart : *together, width ? width : headWidth);
  RopeScaling kind = scaling.read();
  if (reading.fields.failed())
    return {};
  return makeRope(reading, base, width, kind, scaling.parameters());
}

RopeAttr sigma::config::readLocalRope(Reading &reading, RopeAttr rope) {
  if (reading.family.localRopeBaseKey.empty() || !rope)
    return rope;
  return makeRope(reading, reading.fields.positive(reading.family.localRopeBaseKey, 10000),
                  rope.getWidth(), RopeScaling::None, reading.builder.getDictionaryAttr({}));
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static nlohmann::json numberOf(mlir::Attribute attr) {
  if (auto real = llvm::dyn_cast<mlir::FloatAttr>(attr))
    return real.getValueAsDouble();
  if (auto list = llvm::dyn_cast<mlir::ArrayAttr>(attr)) {
    nlohmann::json numbers = nlohmann::json::array();
    for (mlir::Attribute item : list)
      numbers.push_back(numberOf(item));
    return numbers;
  }
  return llvm::cast<mlir::IntegerAttr>(attr).getInt();
}

static nlohmann::json spellScaling(RopeAttr rope) {
  if (rope.getScaling() == RopeScaling::Ntk)
    return {{"type", "dynamic"}, {"alpha", rope.getNumber("factor", 1)}};
  nlohmann::json object = nlohmann::json::object();
  for (const Scaling &scaling : scalings())
    if (scaling.kind == rope.getScaling())
      object["rope_type"] = scaling.words.front().str();
  for (mlir::NamedAttribute parameter : rope.getParameters()) {
    StringRef name = parameter.getName().strref();
    if (name == "truncate")
      object["truncate"] = rope.getNumber(name, 1) != 0;
    else
      object[name == "original_positions" ? kOriginal.str() : name.str()] =
          numberOf(parameter.getValue());
  }
  return object;
}

void sigma::config::writeRope(RopeAttr rope, int64_t headWidth, ConfigWriter &writer) {
  writer.set("rope_theta", rope.getBase().getValueAsDouble());
  if (rope.getWidth() != 0 || writer.family.rotaryFactor != 1)
    writer.set("partial_rotary_factor",
               double(rope.getRotatedWidth(headWidth)) / double(headWidth));
  if (rope.getScaling() == RopeScaling::None && writer.family.yarnByDefault)
    writer.set("rope_scaling", {{"rope_type", "default"}});
  else
    writer.set("rope_scaling",
               rope.getScaling() == RopeScaling::None ? nlohmann::json() : spellScaling(rope));
}
