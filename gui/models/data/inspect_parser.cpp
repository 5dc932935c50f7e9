// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/data/inspect_parser.hpp"

#include <array>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <streambuf>

namespace kvroof::gui {
namespace {

using nlohmann::json;

/// The bytes of a file; they end early when reading is cancelled, inside of a long text, too.
class FileBuffer : public std::streambuf {
 public:
  FileBuffer(QFile& file, const IsCancelled& isCancelled)
      : file_(file), isCancelled_(isCancelled) {}

  bool wasCancelled() const { return wasCancelled_; }

 protected:
  int_type underflow() override {
    wasCancelled_ = wasCancelled_ || (isCancelled_ && isCancelled_());
    const qint64 count =
        wasCancelled_ ? 0 : file_.read(piece_.data(), static_cast<qint64>(piece_.size()));
    if (count <= 0) return traits_type::eof();
    setg(piece_.data(), piece_.data(), piece_.data() + count);
    return traits_type::to_int_type(piece_[0]);
  }

 private:
  QFile& file_;
  const IsCancelled& isCancelled_;
  std::array<char, 64 * 1024> piece_{};
  bool wasCancelled_ = false;
};

/// Takes the fields of an inspect file as they come; all others pass by.
class Reader : public json::json_sax_t {
 public:
  Reader(ParsedInspect& parsed, std::size_t maxCells) : parsed_(parsed), maxCells_(maxCells) {}

  bool null() override { return isKept() || value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(json::number_integer_t number) override {
    return value(static_cast<double>(number));
  }
  bool number_unsigned(json::number_unsigned_t number) override {
    return value(static_cast<double>(number));
  }
  bool number_float(json::number_float_t number, const std::string&) override {
    return value(number);
  }
  bool string(std::string& text) override {
    if (here() == In::file && key_ == "format") parsed_.format = text;
    if (here() == In::file && key_ == "source") parsed_.source = text;
    if (here() == In::file && key_ == "rule") parsed_.rule = text;
    if (here() == In::plane && key_ == "side") parsed_.planes.back().side = text;
    return value();
  }
  bool binary(json::binary_t&) override { return value(); }

  bool key(std::string& name) override {
    key_ = name;
    return true;
  }
  bool start_object(std::size_t) override {
    if (inside_.empty()) return enter(In::file);
    const bool isPlane = here() == In::planes;
    return value() && enter(isPlane ? In::plane : In::other);
  }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override {
    if (here() == In::file && key_ == "planes") {
      parsed_.planes.clear();
      return enter(In::planes);
    }
    if (here() == In::plane && (key_ == "magnitudes" || key_ == "kept")) {
      ParsedPlane& plane = parsed_.planes.back();
      cells_ = key_ == "kept" ? &plane.kept.emplace() : &plane.magnitudes;
      cells_->clear();
      return enter(In::cells);
    }
    return value() && enter(In::other);
  }
  bool end_array() override { return leave(); }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    parsed_.end = ParsedInspect::End::noJson;
    parsed_.position = position;
    return false;
  }

 private:
  enum class In : char { other, file, planes, plane, cells };

  In here() const { return inside_.empty() ? In::other : inside_.back(); }
  bool isKept() const { return here() == In::plane && key_ == "kept"; }
  bool enter(In what) {
    inside_.push_back(what);
    return true;
  }
  bool leave() {
    inside_.pop_back();
    return true;
  }
  /// Something stands here; NaN when it is no number.
  bool value(double number = std::numeric_limits<double>::quiet_NaN()) {
    if (here() == In::cells) return addCell(static_cast<float>(number));
    if (here() == In::planes) parsed_.planes.emplace_back();
    if (here() == In::file && key_ == "schema") parsed_.schema = number;
    if (here() == In::plane) parsed_.planes.back().numbers[key_] = number;
    if (isKept()) parsed_.planes.back().kept.emplace();  // of no length, which is refused
    return true;
  }
  bool addCell(float number) {
    if (cells_->size() == maxCells_) parsed_.end = ParsedInspect::End::tooManyCells;
    if (parsed_.end == ParsedInspect::End::complete) cells_->push_back(number);
    return parsed_.end == ParsedInspect::End::complete;
  }

  ParsedInspect& parsed_;
  std::size_t maxCells_;
  std::vector<In> inside_;
  std::string key_;
  std::vector<float>* cells_ = nullptr;
};

}  // namespace

ParsedInspect parseInspect(QFile& file, std::size_t maxCells, const IsCancelled& isCancelled) {
  ParsedInspect parsed;
  FileBuffer buffer(file, isCancelled);
  std::istream bytes(&buffer);
  Reader reader(parsed, maxCells);
  json::sax_parse(bytes, &reader);
  if (buffer.wasCancelled()) parsed.end = ParsedInspect::End::cancelled;
  return parsed;
}

}  // namespace kvroof::gui
