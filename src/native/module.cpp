// What Python sees of the machine: programs in, arrays out, the interpreter free while it runs.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>

#include "handed_factors.hpp"
#include "handed_programs.hpp"
#include "kernels.hpp"
#include "machine.hpp"

namespace nb = nanobind;

namespace chainrule {

namespace {

Given given_from(nb::handle content) {
    Given given;
    if (nb::isinstance<nb::float_>(content)) {
        given.number = nb::cast<double>(content);
        given.integer = whole_number_of(given.number);
    } else if (nb::isinstance<nb::int_>(content)) {
        given.integer = nb::cast<std::int64_t>(content);
        given.number = static_cast<double>(given.integer);
    } else {
        // It is taken as it lies, never as a copy, so that the list which it comes in keeps it
        // alive.
        const Anything array = nb::cast<Anything>(content, false);
        given.data = static_cast<const char*>(array.data());
        given.bytes = static_cast<Count>(array.nbytes());
    }
    return given;
}

std::vector<Given> all_given(nb::list contents) {
    std::vector<Given> given;
    for (nb::handle content : contents) {
        given.push_back(given_from(content));
    }
    return given;
}

Batches batches_from(nb::tuple given) {
    Batches batches;
    batches.rows = nb::cast<Count>(given[0]);
    batches.size = nb::cast<Count>(given[1]);
    batches.seed = nb::cast<std::uint64_t>(given[2]);
    batches.purpose = nb::cast<std::uint32_t>(given[3]);
    batches.shuffled = nb::cast<bool>(given[4]);
    return batches;
}

// An array that owns its bytes.
nb::object array_of(std::vector<char>&& bytes, const Shape& shape, Kind kind, bool wide) {
    auto* kept = new std::vector<char>(std::move(bytes));
    nb::capsule owner(kept,
                      [](void* one) noexcept { delete static_cast<std::vector<char>*>(one); });
    std::vector<std::size_t> sizes(shape.begin(), shape.end());
    nb::dlpack::dtype type = kind == Kind::integer ? nb::dtype<std::int64_t>()
                             : kind == Kind::truth ? nb::dtype<bool>()
                             : wide                ? nb::dtype<double>()
                                                   : nb::dtype<float>();
    static char nothing[8] = {};
    void* data = kept->empty() ? static_cast<void*>(nothing) : kept->data();
    return nb::cast(nb::ndarray<nb::numpy>(data, sizes.size(), sizes.data(), owner, nullptr, type));
}

nb::object record_array(Record&& record, Count steps, Count rows, bool wide) {
    Shape shape;
    if (record.single) {
        if (record.kind == Kind::truth) {
            // Single truth values are kept in 8 bytes.
            std::vector<char> narrow(record.bytes.size() / 8);
            for (std::size_t place = 0; place < narrow.size(); ++place) {
                narrow[place] = record.bytes[8 * place] != 0;
            }
            return array_of(std::move(narrow), {steps}, record.kind, wide);
        }
        return array_of(std::move(record.bytes), {steps}, record.kind, true);
    }
    if (record.rows) {
        for (Count size : record.shape) {
            shape.push_back(size == rows_size ? rows : size);
        }
    } else {
        shape.push_back(steps);
        shape.insert(shape.end(), record.shape.begin(), record.shape.end());
    }
    return array_of(std::move(record.bytes), shape, record.kind, wide);
}

Count rows_in(const Batches& batches, Count first, Count steps) {
    const Count per_epoch = batches.steps_per_epoch();
    Count rows = 0;
    for (Count step = first; step < first + steps; ++step) {
        const Count from = step % per_epoch * batches.size;
        rows += std::min(batches.size, batches.rows - from);
    }
    return rows;
}

nb::object carried_object(Outcome& outcome, std::size_t place, const Program& program) {
    const Value& value = program.values[place];
    if (!value.single()) {
        return array_of(std::move(outcome.carried[place]), value.shape, value.kind, program.wide);
    }
    if (value.kind == Kind::real) {
        return nb::cast(outcome.numbers[place]);
    }
    if (value.kind == Kind::truth) {
        return nb::cast(outcome.integers[place] != 0);
    }
    return nb::cast(outcome.integers[place]);
}

// A watch as chainrule.engines.native writes it down: what it does not ask for is not there.
Watch watch_from(nb::dict given) {
    Watch watch;
    watch.best = nb::cast<double>(given["best"]);
    watch.keep_best = nb::cast<bool>(given["keep_best"]);
    watch.waited = nb::cast<Count>(given["waited"]);
    watch.patience = nb::cast<Count>(given["patience"]);
    if (given.contains("judge")) {
        watch.judge = nb::cast<Machine*>(given["judge"]);
        watch.fixed = all_given(nb::cast<nb::list>(given["fixed"]));
        watch.rows = all_given(nb::cast<nb::list>(given["rows"]));
        watch.batches = batches_from(nb::cast<nb::tuple>(given["batches"]));
    }
    if (given.contains("look")) {
        watch.look = nb::cast<Machine*>(given["look"]);
        watch.look_batches = batches_from(nb::cast<nb::tuple>(given["look_batches"]));
        watch.look_epochs = nb::cast<std::vector<Count>>(given["look_epochs"]);
    }
    return watch;
}

nb::object kept_object(Epochs& epochs, const Program& program) {
    if (epochs.kept_epoch < 0) {
        return nb::none();
    }
    if (program.values[0].single()) {
        return nb::cast(epochs.kept_number);
    }
    return array_of(std::move(epochs.kept), program.values[0].shape, Kind::real, program.wide);
}

// The fields of chainrule.engines.work.Epochs by their names.
nb::dict epochs_object(Epochs& epochs, const Watch& watch, const Program& program) {
    const Count count = static_cast<Count>(epochs.judged.size());
    std::vector<char> judged(epochs.judged.size() * sizeof(double));
    if (count > 0) {
        std::memcpy(judged.data(), epochs.judged.data(), judged.size());
    }
    nb::list outputs;
    for (Record& record : epochs.outputs) {
        Shape shape{count};
        for (Count size : record.shape) {
            shape.push_back(size == rows_size ? watch.batches.rows : size);
        }
        outputs.append(
            array_of(std::move(record.bytes), shape, record.kind, watch.judge->program().wide));
    }
    nb::list looks;
    for (Record& record : epochs.looks) {
        looks.append(record_array(std::move(record), static_cast<Count>(epochs.looked.size()), 0,
                                  watch.look->program().wide));
    }
    nb::dict made;
    made["judged"] = array_of(std::move(judged), {count}, Kind::real, true);
    made["sound"] = array_of(std::move(epochs.sound), {count}, Kind::truth, program.wide);
    made["outputs"] = outputs;
    made["kept"] = kept_object(epochs, program);
    made["kept_epoch"] = epochs.kept_epoch;
    made["best"] = epochs.best;
    made["best_epoch"] = epochs.best_epoch;
    made["looked"] = epochs.looked;
    made["looks"] = looks;
    return made;
}

// (threads, product of float32 or None, product of float64 or None)
Means means_from(nb::tuple given) {
    Means means;
    means.threads = nb::cast<int>(given[0]);
    nb::object narrow = given[1];
    nb::object wide = given[2];
    Library& library = means.library;
    if (!narrow.is_none() && !wide.is_none()) {
        library.narrow = reinterpret_cast<Library::Narrow>(
            PyCapsule_GetPointer(narrow.ptr(), PyCapsule_GetName(narrow.ptr())));
        library.wide = reinterpret_cast<Library::Wide>(
            PyCapsule_GetPointer(wide.ptr(), PyCapsule_GetName(wide.ptr())));
    }
    return means;
}

nb::tuple run_machine(Machine& machine, nb::list carried, nb::list fixed, nb::list rows,
                      nb::tuple batches_given, Count first, Count last, double seconds,
                      nb::object watching, nb::tuple means_given) {
    const Means means = means_from(means_given);
    const Program& program = machine.program();
    Call call;
    call.carried = all_given(carried);
    call.fixed = all_given(fixed);
    call.rows = all_given(rows);
    call.batches = batches_from(batches_given);
    call.first = first;
    call.last = last;
    call.seconds = seconds;
    const bool watched = !watching.is_none();
    const Watch watch = watched ? watch_from(nb::cast<nb::dict>(watching)) : Watch{};
    call.watch = watched ? &watch : nullptr;
    Outcome outcome;
    {
        nb::gil_scoped_release free;
        outcome = machine.run(call, means);
    }
    nb::list carried_after;
    for (std::size_t place = 0; place < call.carried.size(); ++place) {
        carried_after.append(carried_object(outcome, place, program));
    }
    const Count rows_done = rows_in(call.batches, first, outcome.steps_done);
    nb::list records;
    for (Record& record : outcome.records) {
        records.append(
            record_array(std::move(record), outcome.steps_done, rows_done, program.wide));
    }
    nb::object epochs = nb::none();
    if (watched) {
        epochs = epochs_object(outcome.epochs, watch, program);
    }
    return nb::make_tuple(carried_after, records, outcome.steps_done, epochs);
}

// The instruction set at a place in what sets_here() returns.
int set_at(int place) {
    for (int set = 0; set < set_count; ++set) {
        if (set_runs_here(set) && place-- == 0) {
            return set;
        }
    }
    throw std::invalid_argument("there are fewer instruction sets here");
}

void make_machine(Machine* machine, bool wide, nb::list values, nb::list roles, nb::list equations,
                  std::vector<int> outputs, int set) {
    Program program = program_from(wide, values, roles, equations, std::move(outputs));
    new (machine) Machine(std::move(program), set_at(set));
}

nb::object matrix_of_gram(KhatriRaoGram& gram) {
    const Count columns = gram.columns();
    std::vector<char> bytes(static_cast<std::size_t>(columns * columns) * sizeof(double));
    {
        nb::gil_scoped_release free;
        gram.matrix(reinterpret_cast<double*>(bytes.data()));
    }
    return array_of(std::move(bytes), {columns, columns}, Kind::real, true);
}

Word elementwise_named(const std::string& name) {
    const Word word = word_named(name);
    if (!is_elementwise(word)) {
        throw std::invalid_argument("no elementwise word: " + name);
    }
    return word;
}

// Arrays and single numbers for a kernel that is called by itself, as the tests of the kernels do.
template <class T>
using Numbers = nb::ndarray<const T, nb::c_contig>;

template <class T>
void run_kernel(WordKernel<T> kernel, const Numbers<T>& a, const Numbers<T>& b, const Numbers<T>& c,
                nb::ndarray<T, nb::c_contig>& out) {
    const Count count = static_cast<Count>(out.size());
    const auto splat = [count](const Numbers<T>& one, unsigned bit) {
        return one.size() == 1 && count != 1 ? bit : 0u;
    };
    kernel(a.data(), b.data(), c.data(), splat(a, 1) | splat(b, 2) | splat(c, 4), out.data(),
           count);
}

template <class T>
void add_kernels(nb::module_& module) {
    module.def("apply_word", [](int set, const std::string& word, Numbers<T> a, Numbers<T> b,
                                Numbers<T> c, nb::ndarray<T, nb::c_contig> out) {
        const Kernels<T>& kernels = kernels_of<T>(set_at(set));
        run_kernel(kernels.loops[static_cast<int>(elementwise_named(word))], a, b, c, out);
    });
    module.def("apply_pair",
               [](int set, const std::string& first, const std::string& second, bool mirrored,
                  Numbers<T> a, Numbers<T> b, Numbers<T> c, nb::ndarray<T, nb::c_contig> out) {
                   const Word one = word_named(first);
                   const Word other = word_named(second);
                   if (pair_place(one) < 0 || pair_place(other) < 0) {
                       throw std::invalid_argument("no pair of these words");
                   }
                   const WordKernel<T> kernel =
                       kernels_of<T>(set_at(set)).loops[pair_loop(one, other, mirrored)];
                   run_kernel(kernel, a, b, c, out);
               });
}

}  // namespace

}  // namespace chainrule

NB_MODULE(_native, module) {
    using namespace chainrule;
    nb::class_<Machine>(module, "Machine")
        .def("__init__", &make_machine)
        .def("run", &run_machine, nb::arg("carried"), nb::arg("fixed"), nb::arg("rows"),
             nb::arg("batches"), nb::arg("first"), nb::arg("last"), nb::arg("seconds"),
             nb::arg("watching").none(), nb::arg("means"))
        .def("wants_library", &Machine::wants_library, nb::call_guard<nb::gil_scoped_release>())
        .def("threads_of", &Machine::threads_of, nb::call_guard<nb::gil_scoped_release>())
        .def("chains_of", &Machine::chains_of, nb::call_guard<nb::gil_scoped_release>())
        .def("describe", &Machine::describe, nb::call_guard<nb::gil_scoped_release>());
    nb::class_<KhatriRaoGram>(module, "KhatriRaoGram")
        .def("__init__", [](KhatriRaoGram* gram, nb::list blocks, Count roots,
                            int set) { make_gram(gram, blocks, roots, set_at(set)); })
        .def("add", &add_to_gram)
        .def("matrix", &matrix_of_gram)
        .def("by_pairs", &KhatriRaoGram::by_pairs);
    module.def("sets_here", [] {
        std::vector<std::string> names;
        for (int set = 0; set < set_count; ++set) {
            if (set_runs_here(set)) {
                names.emplace_back(set_name(set));
            }
        }
        return names;
    });
    module.def("words",
               [] { return std::vector<std::string>(word_names, word_names + word_count); });
    module.def("pair_words", [] {
        std::vector<std::string> names;
        for (int word = 0; word < word_count; ++word) {
            if (pair_place(static_cast<Word>(word)) >= 0) {
                names.push_back(word_names[word]);
            }
        }
        return names;
    });
    add_kernels<float>(module);
    add_kernels<double>(module);
    module.def("row_order", [](int set, std::uint64_t seed, std::uint32_t purpose,
                               std::uint32_t step, Count count, Count needed) {
        RowOrder order;
        const std::int64_t* drawn = order.draw(set_at(set), seed, purpose, step, count, needed);
        std::vector<char> bytes(static_cast<std::size_t>(needed) * 8);
        std::memcpy(bytes.data(), drawn, bytes.size());
        return array_of(std::move(bytes), {needed}, Kind::integer, true);
    });
}
